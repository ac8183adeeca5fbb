-- grain: one row per account and counterparty, as its newest version says
with newest as (
    select *
    from raw.raw_moysklad__counterparty_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, agent_id, updated_at desc, _load_id desc
    limit 1 by account_id, agent_id
),

scanned as (
    select account_id, agent_id, _load_id
    from raw.raw_moysklad__counterparty_scan_as_of(as_of = {as_of:DateTime64(6,'UTC')})
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
        (
            ifNull(newest._load_id < scans.scan_load_id, false)
            and (newest.account_id, newest.agent_id) not in (select account_id, agent_id from scanned)
        ) as is_gone
    from newest
    left join scans on scans.account_id = newest.account_id
)

select
    account_id,
    agent_id as company_id,
    nullIf(agent_name, '') as company_name,
    if(ifNull(phone, '') = '', cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
    if(ifNull(email, '') = '', cast([] as Array(String)), [assumeNotNull(email)]) as emails,
    cast([] as Array(String)) as domains,
    nullIf(inn, '') as inn,
    nullIf(kpp, '') as kpp,
    cast([] as Array(String)) as merged_ids,
    coalesce(created_at, updated_at) as created_at,
    updated_at,
    is_gone as is_deleted
from known
