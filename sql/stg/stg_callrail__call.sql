-- grain: one row per account and call
with calls as (
    select
        *,
        -- CallRail's word for the visit; the name of the tracker where there was none
        coalesce(nullIf(source, ''), concat('pool_', source_name)) as source_label,
        coalesce(nullIf(gclid, ''), nullIf(fbclid, ''), nullIf(msclkid, '')) as click_id
    from raw.raw_callrail__call_as_of(as_of = {as_of:DateTime64(6,'UTC')})
)

select
    account_id,
    call_id,
    started_at,
    toDate(started_at, {business_zone:String}) as started_date,
    if(startsWith(direction, 'out'), 'out', 'in') as direction,
    is_answered = 1 as is_answered,
    toUInt32OrNull('') as wait_seconds,
    -- CallRail's duration is that of the whole call
    if(is_answered = 1, toNullable(duration_seconds), 0) as talk_seconds,
    nullIf(customer_phone, '') as phone,
    nullIf(customer_name, '') as person_name,
    nullIf(tracking_phone, '') as tracking_phone,
    nullIf(source_name, '') as number_pool,
    nullIf(agent_email, '') as manager_id,
    cast(if(lead_status is null, null, is_good_lead = 1) as Nullable(Bool)) as is_target,
    cast(is_first_call as Nullable(Bool)) as is_unique,
    cast(null as Nullable(String)) as visit_id,
    cast(null as Nullable(String)) as visitor_id,
    cast(null as Nullable(String)) as user_id,
    cast(null as Nullable(String)) as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    click_id,
    source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    coalesce(nullIf(utm_campaign, ''), nullIf(campaign, '')) as campaign_id,
    nullIf(landing_page_url, '') as landing_page,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(click_id, '') = '', 'absent', 'present')
    )) as signal_key
from calls
