-- grain: one row per account and card (amoCRM has one for the enquiry and its deal), newest version
with newest as (
    select *
    from raw.raw_amocrm__lead_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, lead_id, updated_at desc, _load_id desc
    limit 1 by account_id, lead_id
),

scanned as (
    select account_id, lead_id, _load_id
    from raw.raw_amocrm__lead_scan_as_of(as_of = {as_of:DateTime64(6,'UTC')})
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
)

select
    account_id,
    toString(lead_id) as lead_id,
    created_at,
    toDate(created_at, {business_zone:String}) as created_date,
    -- in every account 142 is the won status and 143 the lost one
    if(status_id in (142, 143), closed_at, null) as closed_at,
    multiIf(status_id = 142, 'converted', status_id = 143, 'lost', 'open') as status,
    toString(pipeline_id) as pipeline_id,
    toString(status_id) as stage_id,
    toString(loss_reason_id) as lost_reason,
    toString(responsible_user_id) as manager_id,
    nullIf(created_at, created_at) as first_reply_at,
    if(length(tags) = 1, tags[1], null) as source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    coalesce(nullIf(yclid, ''), nullIf(gclid, '')) as click_id,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(if(length(tags) = 1, tags[1], null))), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(coalesce(nullIf(yclid, ''), gclid), '') = '', 'absent', 'present')
    )) as signal_key,
    cast(null as Nullable(String)) as person_name,
    cast([] as Array(String)) as phones,
    cast([] as Array(String)) as emails,
    cast(null as Nullable(String)) as company_name,
    toString(main_contact_id) as contact_id,
    toString(company_id) as company_id,
    currency_code,
    updated_at,
    is_gone as is_deleted
from known
