-- grain: one row per account and conversation by messages
select
    account_id,
    conversation_id as chat_id,
    coalesce(
        parseDateTime64BestEffortOrNull(JSONExtractString(payload, 'started_at'), 6, 'UTC'), last_message_at
    ) as started_at,
    toDate(started_at, {business_zone:String}) as started_date,
    toUInt32OrNull(JSONExtractRaw(payload, 'message_count')) as message_count,
    nullIf(customer_name, '') as person_name,
    if(ifNull(customer_phone, '') = '', cast([] as Array(String)), [assumeNotNull(customer_phone)]) as phones,
    cast([] as Array(String)) as emails,
    cast(null as Nullable(String)) as manager_id,
    cast(null as Nullable(String)) as visit_id,
    cast(null as Nullable(String)) as visitor_id,
    cast(null as Nullable(String)) as user_id,
    cast(null as Nullable(String)) as metrica_client_id,
    cast(null as Nullable(String)) as ga_client_id,
    cast(null as Nullable(String)) as click_id,
    nullIf(JSONExtractString(payload, 'source'), '') as source_label,
    cast(null as Nullable(String)) as utm_source,
    cast(null as Nullable(String)) as utm_medium,
    cast(null as Nullable(String)) as utm_campaign,
    cast(null as Nullable(String)) as utm_content,
    cast(null as Nullable(String)) as utm_term,
    cast(null as Nullable(String)) as campaign_id,
    cast(null as Nullable(String)) as landing_page,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(click_id, '') = '', 'absent', 'present')
    )) as signal_key
from raw.raw_callrail__conversation_as_of(as_of = {as_of:DateTime64(6,'UTC')})
where started_at is not null
