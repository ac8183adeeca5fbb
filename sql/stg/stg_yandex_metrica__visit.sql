-- grain: one row per account and visit
with visits as (
    select
        *,
        coalesce(nullIf(yclid, ''), nullIf(gclid, '')) as click_id,
        -- the vendor's own word, with the engine where it is an advertising one
        concat('metrica_', traffic_source, if(adv_engine = '', '', concat('_', adv_engine))) as source_label,
        count() over (partition by account_id, client_id) as visits_of_client
    from raw.raw_yandex_metrica__visit_as_of(as_of = {as_of:DateTime64(6,'UTC')})
)

select
    account_id,
    toString(visit_id) as visit_id,
    started_at,
    toDate(started_at, {business_zone:String}) as started_date,
    toUInt64(1) as session_count,
    toString(nullIf(client_id, 0)) as metrica_client_id,
    cast(null as Nullable(String)) as ga_client_id,
    nullIf(arrayElement(params_key2, indexOf(params_key1, 'user_id')), '') as user_id,
    toUInt64(page_views) as page_views,
    toNullable(duration_seconds) as duration_seconds,
    toNullable(is_bounce) as is_bounce,
    -- one page, gone within seconds, never seen again: nobody the ads were bought for
    page_views <= 1 and duration_seconds < 5 and visits_of_client = 1 as is_robot,
    multiIf(
        device_category = '1', 'desktop', device_category = '2', 'mobile', device_category = '3', 'tablet', 'other'
    ) as device,
    nullIf(start_url, '') as landing_page,
    nullIf(referer, '') as referrer,
    source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    click_id,
    if(direct_campaign_id > 0, toString(direct_campaign_id), nullIf(utm_campaign, '')) as campaign_id,
    if(direct_ad_group_id > 0, toString(direct_ad_group_id), null) as ad_group_id,
    coalesce(nullIf(direct_ad_id, ''), nullIf(utm_content, '')) as ad_id,
    coalesce(nullIf(direct_phrase, ''), nullIf(utm_term, '')) as keyword,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(click_id, '') = '', 'absent', 'present')
    )) as signal_key
from visits
