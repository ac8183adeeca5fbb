-- grain: one row per lead
with persons as (
    select record_key, any(person_key) as person_key
    from core.core_person_link
    where record_kind = 'lead'
    group by record_key
),

phones as (
    select raw_value, phone_region, key_hash, reject_reason
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
    select source, account_id, any(currency_code) as currency_code
    from (
        select 'files' as source, account_id, currency_code from stg.stg_files__deal
        union all
        select 'bitrix24' as source, account_id, currency_code from stg.stg_bitrix24__deal
        union all
        select 'amocrm' as source, account_id, currency_code from stg.stg_amocrm__deal
        union all
        select 'hubspot' as source, account_id, currency_code from stg.stg_hubspot__deal
    )
    where currency_code != ''
    group by source, account_id
    having uniqExact(currency_code) = 1
),

delivered as (
    select
        'files' as source,
        account_id,
        lead_id,
        created_at,
        created_date,
        nullIf(created_at, created_at) as closed_at,
        'open' as status,
        cast(null as Nullable(String)) as pipeline_id,
        cast(null as Nullable(String)) as stage_id,
        cast(null as Nullable(String)) as lost_reason,
        cast(null as Nullable(String)) as manager_id,
        nullIf(created_at, created_at) as first_reply_at,
        source_label,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        click_id,
        signal_key,
        phone,
        email,
        cast(null as Nullable(String)) as contact_id,
        cast(null as Nullable(String)) as company_id,
        currency_code
    from stg.stg_files__lead
    union all
    select
        'bitrix24' as source,
        account_id,
        lead_id,
        toNullable(created_at) as created_at,
        created_date,
        closed_at,
        status,
        pipeline_id,
        stage_id,
        lost_reason,
        manager_id,
        first_reply_at,
        source_label,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        click_id,
        signal_key,
        if(empty(phones), null, phones[1]) as phone,
        if(empty(emails), null, emails[1]) as email,
        contact_id,
        company_id,
        currency_code
    from stg.stg_bitrix24__lead
    where not is_deleted
    union all
    select
        'amocrm' as source,
        account_id,
        lead_id,
        created_at,
        created_date,
        closed_at,
        status,
        pipeline_id,
        stage_id,
        lost_reason,
        manager_id,
        first_reply_at,
        source_label,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        click_id,
        signal_key,
        if(empty(phones), null, phones[1]) as phone,
        if(empty(emails), null, emails[1]) as email,
        contact_id,
        company_id,
        currency_code
    from stg.stg_amocrm__lead
    where not is_deleted
    union all
    select
        'hubspot' as source,
        account_id,
        lead_id,
        toNullable(created_at) as created_at,
        created_date,
        closed_at,
        status,
        pipeline_id,
        stage_id,
        lost_reason,
        manager_id,
        first_reply_at,
        source_label,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        click_id,
        signal_key,
        if(empty(phones), null, phones[1]) as phone,
        if(empty(emails), null, emails[1]) as email,
        contact_id,
        company_id,
        currency_code
    from stg.stg_hubspot__lead
    where not is_deleted
),

leads as (
    select
        delivered.*,
        concat('lead:', delivered.source, ':', account_id, ':', lead_id) as lead_key,
        ifNull(regions.region, '') as phone_region
    from delivered
    left join seeds.phone_regions as regions on regions.source = delivered.source
)

select
    leads.lead_key as lead_key,
    leads.source as source,
    leads.account_id as account_id,
    leads.lead_id as lead_id,
    leads.created_at as created_at,
    leads.created_date as created_date,
    leads.closed_at as closed_at,
    leads.status as status,
    leads.pipeline_id as pipeline_id,
    leads.stage_id as stage_id,
    leads.lost_reason as lost_reason,
    leads.manager_id as manager_id,
    leads.first_reply_at as first_reply_at,
    leads.source_label as source_label,
    ifNull(campaigns.channel, assignment.channel) as channel,
    ifNull(campaigns.channel_rule_id, assignment.channel_rule_id) as channel_rule_id,
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
    concat('contact:', leads.source, ':', leads.account_id, ':', leads.contact_id) as contact_key,
    concat('company:', leads.source, ':', leads.account_id, ':', leads.company_id) as company_key,
    persons.person_key as person_key,
    coalesce(nullIf(leads.currency_code, ''), currencies.currency_code, 'XXX') as currency_code
from leads
left join currencies on currencies.source = leads.source and currencies.account_id = leads.account_id
left join core.core_channel_assignment as assignment on assignment.signal_key = leads.signal_key
left join core.core_campaign_word as words on words.campaign_word = lowerUTF8(trimBoth(leads.utm_campaign))
left join core.core_campaign_channel as campaigns
    on campaigns.campaign_id = ifNull(words.campaign_id, leads.utm_campaign)
    and campaigns.assigned_channel = assignment.channel
left join phones on phones.raw_value = leads.phone and phones.phone_region = leads.phone_region
left join emails on emails.raw_value = leads.email
left join persons on persons.record_key = leads.lead_key
