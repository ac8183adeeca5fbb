-- grain: one row per account, day, minute, client, source, medium, campaign, channel group, device and page
with sessions as (
    select
        *,
        -- GA4 has no number for a session outside BigQuery: what the row is grouped by stands for it
        lower(hex(sipHash128(
            stats_date, session_minute_at, client_id, session_source, session_medium, session_campaign,
            channel_group, device, landing_page
        ))) as visit_id,
        concat('ga4_', channel_group) as source_label,
        if(startsWith(session_source, '('), null, nullIf(session_source, '')) as utm_source,
        if(startsWith(session_medium, '('), null, nullIf(toString(session_medium), '')) as utm_medium,
        if(startsWith(session_campaign, '('), null, nullIf(session_campaign, '')) as utm_campaign,
        nullIf(extractURLParameter(landing_page, 'gclid'), '') as click_id
    from raw.raw_ga4__client_session_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    -- one client of a row that GA4 added up is nobody
    where not startsWith(client_id, '(')
)

select
    account_id,
    visit_id,
    session_minute_at as started_at,
    toDate(session_minute_at, {business_zone:String}) as started_date,
    sessions.sessions as session_count,
    cast(null as Nullable(String)) as metrica_client_id,
    nullIf(client_id, '') as ga_client_id,
    cast(null as Nullable(String)) as user_id,
    page_views,
    toUInt32OrNull('') as duration_seconds,
    toNullable(engaged_sessions = 0) as is_bounce,
    -- GA4 leaves known robots out by itself
    false as is_robot,
    device,
    nullIf(landing_page, '') as landing_page,
    cast(null as Nullable(String)) as referrer,
    source_label,
    utm_source,
    utm_medium,
    utm_campaign,
    nullIf(extractURLParameter(landing_page, 'utm_content'), '') as utm_content,
    nullIf(extractURLParameter(landing_page, 'utm_term'), '') as utm_term,
    click_id,
    utm_campaign as campaign_id,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(click_id, '') = '', 'absent', 'present')
    )) as signal_key
from sessions
