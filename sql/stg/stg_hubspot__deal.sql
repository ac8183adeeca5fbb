-- grain: one row per account and deal, as its newest version says
with newest as (
    select *
    from raw.raw_hubspot__deal_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, deal_id, updated_at desc, _load_id desc
    limit 1 by account_id, deal_id
),

scanned as (
    select account_id, deal_id, _load_id
    from raw.raw_hubspot__deal_scan_as_of(as_of = {as_of:DateTime64(6,'UTC')})
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

leads as (
    select account_id, deal_id, toString(min(lead_id)) as lead_id
    from (
        select *
        from raw.raw_hubspot__lead_as_of(as_of = {as_of:DateTime64(6,'UTC')})
        order by account_id, lead_id, updated_at desc, _load_id desc
        limit 1 by account_id, lead_id
    )
    array join deal_ids as deal_id
    group by account_id, deal_id
)

select
    known.account_id as account_id,
    toString(known.deal_id) as deal_id,
    leads.lead_id as lead_id,
    if(empty(contact_ids), null, toString(contact_ids[1])) as contact_id,
    arrayMap(value -> toString(value), contact_ids) as contact_ids,
    if(empty(company_ids), null, toString(company_ids[1])) as company_id,
    multiIf(is_won, 'won', is_closed, 'lost', 'open') as status,
    nullIf(pipeline_id, '') as pipeline_id,
    nullIf(stage_id, '') as stage_id,
    nullIf(lost_reason, '') as lost_reason,
    toString(manager_id) as manager_id,
    created_at,
    -- an open deal's closedate is a forecast
    if(is_won or is_closed, closes_at, null) as closed_at,
    deal_amount as amount,
    known.currency_code as currency_code,
    ifNull(rules.vat_basis, 'unknown') as vat_basis,
    nullIf(source_label, '') as source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    coalesce(nullIf(gclid, ''), nullIf(yclid, ''), nullIf(click_id, '')) as click_id,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    arrayMap(value -> toString(value), merged_ids) as merged_ids,
    updated_at,
    is_gone as is_deleted
from known
left join leads on leads.account_id = known.account_id and leads.deal_id = known.deal_id
left join seeds.deal_amount_rules as rules
    on rules.source = 'hubspot' and rules.currency_code = known.currency_code
