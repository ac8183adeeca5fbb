-- grain: one row per account and lead, as its newest version says
with newest as (
    select *
    from raw.raw_hubspot__lead_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, lead_id, updated_at desc, _load_id desc
    limit 1 by account_id, lead_id
),

scanned as (
    select account_id, lead_id, _load_id
    from raw.raw_hubspot__lead_scan_as_of(as_of = {as_of:DateTime64(6,'UTC')})
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

-- HubSpot keeps where somebody came from at the contact; OFFLINE only says that no page was seen
origins as (
    select
        account_id,
        contact_id,
        nullIf(argMax(analytics_source, (updated_at, _load_id)), 'OFFLINE') as analytics_source
    from raw.raw_hubspot__contact_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    group by account_id, contact_id
),

stages as (
    select account_id, pipeline_id, stage_id, max(is_closed) as is_closed
    from raw.raw_hubspot__pipeline_stage_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    where object_type = 'leads'
    group by account_id, pipeline_id, stage_id
),

staged as (
    select known.*, stages.is_closed as is_closed
    from known
    left join stages
        on stages.account_id = known.account_id
        and stages.pipeline_id = known.pipeline_id
        and stages.stage_id = known.stage_id
),

joined as (
    select
        staged.*,
        coalesce(nullIf(staged.source_label, ''), nullIf(origins.analytics_source, '')) as label,
        coalesce(nullIf(staged.gclid, ''), nullIf(staged.yclid, ''), nullIf(staged.click_id, '')) as any_click_id
    from staged
    left join origins on origins.account_id = staged.account_id and origins.contact_id = staged.contact_ids[1]
)

select
    account_id,
    toString(lead_id) as lead_id,
    created_at,
    toDate(created_at, {business_zone:String}) as created_date,
    if(is_closed, updated_at, null) as closed_at,
    multiIf(notEmpty(deal_ids), 'converted', ifNull(is_closed, false), 'lost', 'open') as status,
    nullIf(pipeline_id, '') as pipeline_id,
    nullIf(stage_id, '') as stage_id,
    nullIf(lost_reason, '') as lost_reason,
    toString(manager_id) as manager_id,
    first_reply_at,
    label as source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    any_click_id as click_id,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(any_click_id, '') = '', 'absent', 'present')
    )) as signal_key,
    nullIf(person_name, '') as person_name,
    if(ifNull(phone, '') = '', cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
    if(ifNull(email, '') = '', cast([] as Array(String)), [assumeNotNull(email)]) as emails,
    nullIf(company_title, '') as company_name,
    if(empty(contact_ids), null, toString(contact_ids[1])) as contact_id,
    if(empty(company_ids), null, toString(company_ids[1])) as company_id,
    '' as currency_code,
    updated_at,
    is_gone as is_deleted
from joined
