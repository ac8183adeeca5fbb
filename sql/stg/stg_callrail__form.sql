-- grain: one row per account and form request
with pages as (
    select
        *,
        ifNull(landing_page_url, '') as page,
        JSONExtractString(ifNull(form_data, ''), 'email') as typed_email,
        if(referring_url = 'direct', 'direct', nullIf(domain(ifNull(referring_url, '')), '')) as source_label
    from raw.raw_callrail__form_submission_as_of(as_of = {as_of:DateTime64(6,'UTC')})
),

submitted as (
    select
        *,
        nullIf(decodeURLFormComponent(extractURLParameter(page, 'utm_source')), '') as utm_source,
        nullIf(decodeURLFormComponent(extractURLParameter(page, 'utm_medium')), '') as utm_medium,
        nullIf(decodeURLFormComponent(extractURLParameter(page, 'utm_campaign')), '') as utm_campaign,
        nullIf(decodeURLFormComponent(extractURLParameter(page, 'utm_content')), '') as utm_content,
        nullIf(decodeURLFormComponent(extractURLParameter(page, 'utm_term')), '') as utm_term,
        coalesce(
            nullIf(extractURLParameter(page, 'gclid'), ''), nullIf(extractURLParameter(page, 'fbclid'), '')
        ) as click_id
    from pages
)

select
    account_id,
    form_submission_id as form_id,
    submitted_at as started_at,
    toDate(submitted_at, {business_zone:String}) as started_date,
    cast(null as Nullable(String)) as form_name,
    nullIf(customer_name, '') as person_name,
    if(ifNull(customer_phone, '') = '', cast([] as Array(String)), [assumeNotNull(customer_phone)]) as phones,
    arrayFilter(value -> value != '', [typed_email]) as emails,
    cast(null as Nullable(String)) as manager_id,
    cast(null as Nullable(String)) as visit_id,
    cast(null as Nullable(String)) as visitor_id,
    cast(null as Nullable(String)) as user_id,
    cast(null as Nullable(String)) as metrica_client_id,
    cast(null as Nullable(String)) as ga_client_id,
    click_id,
    source_label,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    utm_campaign as campaign_id,
    nullIf(landing_page_url, '') as landing_page,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(click_id, '') = '', 'absent', 'present')
    )) as signal_key
from submitted
