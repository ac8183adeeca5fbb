-- grain: one row per lead
with persons as (
    select record_key, any(person_key) as person_key
    from core.core_person_link
    where record_kind = 'lead'
    group by record_key
),

phones as (
    select raw_value, key_hash, reject_reason
    from stg.stg_contact_key
    where kind = 'phone'
),

emails as (
    select raw_value, key_hash, reject_reason
    from stg.stg_contact_key
    where kind = 'email'
),

-- a lead names no money; where its source states no currency, it is counted beside its account's deals
currencies as (
    select deals.account_id as account_id, any(deals.currency_code) as currency_code
    from stg.stg_files__deal as deals
    group by deals.account_id
    having uniqExact(deals.currency_code) = 1
),

leads as (
    select
        *,
        concat('lead:files:', account_id, ':', lead_id) as lead_key
    from stg.stg_files__lead
)

select
    leads.lead_key as lead_key,
    'files' as source,
    leads.account_id as account_id,
    leads.lead_id as lead_id,
    leads.created_at as created_at,
    leads.created_date as created_date,
    leads.source_label as source_label,
    assignment.channel as channel,
    assignment.channel_rule_id as channel_rule_id,
    leads.utm_source as utm_source,
    leads.utm_medium as utm_medium,
    leads.utm_campaign as utm_campaign,
    leads.utm_content as utm_content,
    leads.utm_term as utm_term,
    ifNull(leads.click_id, '') != '' as has_click_id,
    phones.key_hash as phone_hash,
    phones.reject_reason as phone_reject_reason,
    emails.key_hash as email_hash,
    emails.reject_reason as email_reject_reason,
    persons.person_key as person_key,
    coalesce(nullIf(leads.currency_code, ''), currencies.currency_code, 'XXX') as currency_code
from leads
left join currencies on currencies.account_id = leads.account_id
left join core.core_channel_assignment as assignment on assignment.signal_key = leads.signal_key
left join phones on phones.raw_value = leads.phone
left join emails on emails.raw_value = leads.email
left join persons on persons.record_key = leads.lead_key
