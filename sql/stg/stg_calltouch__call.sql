-- grain: one row per account and call
with calls as (
    select
        *,
        toString(nullIf(session_id, 0)) as of_visit_id,
        coalesce(nullIf(yclid, ''), nullIf(gclid, '')) as click_id,
        -- without a visit Calltouch says (direct); the pool of the number says more
        multiIf(
            of_visit_id is null, concat('pool_', number_pool),
            medium in ('organic', 'referral'), medium,
            nullIf(source, '')
        ) as source_label
    from raw.raw_calltouch__call_as_of(as_of = {as_of:DateTime64(6,'UTC')})
)

select
    account_id,
    toString(call_id) as call_id,
    started_at,
    toDate(started_at, {business_zone:String}) as started_date,
    if(ifNull(is_callback, false), 'out', 'in') as direction,
    ifNull(is_answered, false) as is_answered,
    wait_seconds,
    talk_seconds,
    nullIf(caller_phone, '') as phone,
    cast(null as Nullable(String)) as person_name,
    nullIf(tracking_phone, '') as tracking_phone,
    nullIf(number_pool, '') as number_pool,
    nullIf(manager_name, '') as manager_id,
    is_target,
    is_unique,
    of_visit_id as visit_id,
    toString(nullIf(ct_client_id, 0)) as visitor_id,
    toString(nullIf(ct_global_id, ct_client_id)) as user_id,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    click_id,
    source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    coalesce(toString(direct_campaign_id), toString(google_campaign_id), nullIf(utm_campaign, '')) as campaign_id,
    coalesce(toString(direct_ad_group_id), toString(google_ad_group_id)) as ad_group_id,
    coalesce(toString(direct_ad_id), toString(google_creative_id), nullIf(utm_content, '')) as ad_id,
    coalesce(nullIf(keyword, ''), nullIf(utm_term, '')) as keyword,
    nullIf(entry_url, '') as landing_page,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(click_id, '') = '', 'absent', 'present')
    )) as signal_key
from calls
