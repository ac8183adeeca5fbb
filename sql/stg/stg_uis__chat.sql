-- grain: one row per account and chat
select
    account_id,
    toString(chat_id) as chat_id,
    started_at,
    toDate(started_at, {business_zone:String}) as started_date,
    message_count,
    nullIf(person_name, '') as person_name,
    if(ifNull(phone, '') = '', cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
    if(ifNull(email, '') = '', cast([] as Array(String)), [assumeNotNull(email)]) as emails,
    toString(employee_id) as manager_id,
    toString(visitor_session_id) as visit_id,
    toString(visitor_id) as visitor_id,
    toString(nullIf(person_id, visitor_id)) as user_id,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    coalesce(nullIf(yclid, ''), nullIf(ymclid, ''), nullIf(gclid, '')) as click_id,
    nullIf(channel, '') as source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    nullIf(utm_campaign, '') as campaign_id,
    nullIf(entry_url, '') as landing_page,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(nullIf(channel, ''))), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(coalesce(nullIf(yclid, ''), nullIf(ymclid, ''), nullIf(gclid, '')), '') = '', 'absent', 'present')
    )) as signal_key
from raw.raw_uis__chat_as_of(as_of = {as_of:DateTime64(6,'UTC')})
