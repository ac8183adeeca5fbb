-- grain: one row per account and deal, as its newest version says
with newest as (
    select *
    from raw.raw_bitrix24__deal_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, deal_id, updated_at desc, _load_id desc
    limit 1 by account_id, deal_id
),

scanned as (
    select account_id, deal_id, _load_id
    from raw.raw_bitrix24__deal_scan_as_of(as_of = {as_of:DateTime64(6,'UTC')})
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
            and (newest.account_id, newest.deal_id) not in (select account_id, deal_id from scanned)
        ) as is_gone
    from newest
    left join scans on scans.account_id = newest.account_id
),

-- the contacts of a deal are read whole when it changes: the newest reading replaces the others
contacts as (
    select
        account_id,
        deal_id,
        arrayMap(found -> found.3, arraySort(groupArray((not is_primary, sort, toString(contact_id))))) as contact_ids
    from (
        select *, max(deal_updated_at) over (partition by account_id, deal_id) as newest_reading_at
        from raw.raw_bitrix24__deal_contact_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    )
    where deal_updated_at = newest_reading_at
    group by account_id, deal_id
)

select
    known.account_id as account_id,
    toString(known.deal_id) as deal_id,
    toString(nullIf(lead_id, 0)) as lead_id,
    toString(nullIf(contact_id, 0)) as contact_id,
    ifNull(contacts.contact_ids, cast([] as Array(String))) as contact_ids,
    toString(nullIf(company_id, 0)) as company_id,
    multiIf(stage_semantics = 'S', 'won', stage_semantics = 'F', 'lost', 'open') as status,
    toString(category_id) as pipeline_id,
    nullIf(stage_id, '') as stage_id,
    nullIf(lost_reason_id, '') as lost_reason,
    toString(manager_id) as manager_id,
    created_at,
    -- Bitrix24 keeps a planned date in CLOSEDATE; the entry into the last stage is when it closed
    if(stage_semantics in ('S', 'F'), moved_at, null) as closed_at,
    opportunity_amount as amount,
    known.currency_code as currency_code,
    ifNull(rules.vat_basis, 'unknown') as vat_basis,
    nullIf(source_id, '') as source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    coalesce(nullIf(yclid, ''), nullIf(gclid, ''), nullIf(click_id, '')) as click_id,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    cast([] as Array(String)) as merged_ids,
    updated_at,
    is_gone as is_deleted
from known
left join contacts on contacts.account_id = known.account_id and contacts.deal_id = known.deal_id
left join seeds.deal_amount_rules as rules
    on rules.source = 'bitrix24' and rules.currency_code = known.currency_code
