-- grain: one row per account and contact, as its newest version says
with newest as (
    select *
    from raw.raw_bitrix24__contact_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, contact_id, updated_at desc, _load_id desc
    limit 1 by account_id, contact_id
),

scanned as (
    select account_id, contact_id, _load_id
    from raw.raw_bitrix24__contact_scan_as_of(as_of = {as_of:DateTime64(6,'UTC')})
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
            and (newest.account_id, newest.contact_id) not in (select account_id, contact_id from scanned)
        ) as is_gone
    from newest
    left join scans on scans.account_id = newest.account_id
)

select
    account_id,
    toString(contact_id) as contact_id,
    nullIf(trimBoth(concat(first_name, ' ', last_name)), '') as person_name,
    phones,
    emails,
    toString(company_id) as company_id,
    cast(null as Nullable(String)) as company_name,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    coalesce(nullIf(yclid, ''), nullIf(gclid, ''), nullIf(click_id, '')) as click_id,
    cast([] as Array(String)) as merged_ids,
    created_at,
    updated_at,
    is_gone as is_deleted
from known
