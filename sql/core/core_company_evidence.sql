-- grain: one row per company record and identifier it carries, or company record chosen for it
with contacts as (
    select kind, phone_region, raw_value, assumeNotNull(key_hash) as key_hash
    from stg.stg_contact_key
    where key_hash is not null
),

companies as (
    select
        *,
        if(inn_hash is null, '', concat(assumeNotNull(inn_hash), ':', ifNull(kpp_hash, ''))) as tax_number
    from stg.stg_company_record
),

dialled as (
    select distinct
        companies.record_key as record_key,
        companies.tax_number as tax_number,
        contacts.key_hash as phone_key
    from companies
    array join companies.phones as phone
    inner join contacts
        on contacts.kind = 'phone'
        and contacts.phone_region = companies.phone_region
        and contacts.raw_value = phone
),

stated as (
    select record_key, 'record' as identifier_kind, record_key as identifier_key
    from companies
    union all
    select record_key, 'record' as identifier_kind, arrayJoin(merged_keys) as identifier_key
    from companies
    union all
    -- branches may share both numbers with their head: the name or the phone has to agree as well
    select
        record_key,
        'tax_number' as identifier_kind,
        concat(tax_number, ':', assumeNotNull(name_hash)) as identifier_key
    from companies
    where tax_number != '' and name_hash is not null
    union all
    select record_key, 'tax_number' as identifier_kind, concat(tax_number, ':', phone_key) as identifier_key
    from dialled
    where tax_number != ''
    union all
    select record_key, 'phone' as identifier_kind, phone_key as identifier_key
    from dialled
    union all
    select
        record_key,
        'domain_and_name' as identifier_kind,
        concat(arrayJoin(domains), ':', assumeNotNull(name_hash)) as identifier_key
    from companies
    where name_hash is not null
),

-- a record with nothing but a name joins the one it matches best, if it matches it well enough
chosen as (
    select record_key, candidate_key as chosen_key
    from core.core_company_match
    where is_chosen
),

observed as (
    select record_key, identifier_kind, identifier_key
    from stated
    union all
    select record_key, 'chosen' as identifier_kind, chosen_key as identifier_key
    from chosen
    union all
    select distinct chosen_key as record_key, 'chosen' as identifier_kind, chosen_key as identifier_key
    from chosen
),

weighed as (
    select
        observed.record_key as record_key,
        observed.identifier_kind as identifier_kind,
        observed.identifier_key as identifier_key,
        companies.source as source,
        companies.account_id as account_id,
        companies.record_id as record_id,
        companies.seen_at as seen_at,
        ifNull(companies.tax_number, '') as tax_number,
        uniqExactIf(ifNull(companies.tax_number, ''), ifNull(companies.tax_number, '') != '') over (
            partition by observed.identifier_kind, observed.identifier_key
        ) as tax_number_count
    from observed
    left join companies on companies.record_key = observed.record_key
)

-- two tax numbers are two companies, whatever else they share; who has none is then of neither
select distinct
    weighed.record_key as record_key,
    weighed.source as source,
    weighed.account_id as account_id,
    weighed.record_id as record_id,
    weighed.seen_at as seen_at,
    weighed.identifier_kind as identifier_kind,
    weighed.identifier_key as identifier_key,
    rules.rule_id as rule_id,
    rules.confidence as confidence,
    if(weighed.tax_number_count > 1, 'several_tax_numbers', '') as cut_reason,
    multiIf(
        weighed.tax_number_count <= 1, '',
        weighed.tax_number != '', weighed.tax_number,
        weighed.record_key
    ) as identifier_part
from weighed
inner join seeds.company_rules as rules on rules.identifier_kind = weighed.identifier_kind
where weighed.source is not null
