-- grain: one row per account and lead, as its newest version says
with newest as (
    select *
    from raw.raw_bitrix24__lead_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, lead_id, updated_at desc, _load_id desc
    limit 1 by account_id, lead_id
),

scanned as (
    select account_id, lead_id, _load_id
    from raw.raw_bitrix24__lead_scan_as_of(as_of = {as_of:DateTime64(6,'UTC')})
),

-- load ids sort by the instant of loading: only what is older than its scan can be missed by it
scans as (
    select account_id, max(_load_id) as scan_load_id
    from scanned
    group by account_id
),

known as (
    select
        newest.*,
        newest.is_deleted
        or (
            ifNull(newest._load_id < scans.scan_load_id, false)
            and (newest.account_id, newest.lead_id) not in (select account_id, lead_id from scanned)
        ) as is_gone
    from newest
    left join scans on scans.account_id = newest.account_id
),

clicked as (
    select *, coalesce(nullIf(yclid, ''), nullIf(gclid, ''), nullIf(click_id, '')) as any_click_id
    from known
)

select
    account_id,
    toString(lead_id) as lead_id,
    created_at,
    toDate(created_at, {business_zone:String}) as created_date,
    if(status_semantics in ('S', 'F'), coalesce(closed_at, moved_at), null) as closed_at,
    multiIf(status_semantics = 'S', 'converted', status_semantics = 'F', 'lost', 'open') as status,
    cast(null as Nullable(String)) as pipeline_id,
    nullIf(status_id, '') as stage_id,
    nullIf(lost_reason_id, '') as lost_reason,
    toString(manager_id) as manager_id,
    first_reply_at,
    nullIf(source_id, '') as source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    any_click_id as click_id,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_id)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(any_click_id, '') = '', 'absent', 'present')
    )) as signal_key,
    nullIf(trimBoth(concat(first_name, ' ', last_name)), '') as person_name,
    phones,
    emails,
    nullIf(company_title, '') as company_name,
    toString(nullIf(contact_id, 0)) as contact_id,
    toString(nullIf(company_id, 0)) as company_id,
    currency_code,
    updated_at,
    is_gone as is_deleted
from clicked
