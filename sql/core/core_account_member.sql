-- grain: one row per person or converter, with the account whose journeys theirs are part of
with companies as (
    select record_key, any(company_key) as company
    from core.core_company_link
    group by record_key
),

-- who deals for two companies belongs to the one of the newest record
members as (
    select
        records.person_key as member_key,
        argMax(ifNull(companies.company, records.company_record), (created_at, records.company_record)) as company_key
    from (
        select person_key, assumeNotNull(company_key) as company_record, created_at
        from core.core_deal
        where company_key is not null
        union all
        select person_key, assumeNotNull(company_key) as company_record, created_at
        from core.core_lead
        where company_key is not null
    ) as records
    left join companies on companies.record_key = records.company_record
    group by records.person_key
),

-- inside a tuple NULL has a hash of its own
told as (
    select person_key, touch_digest as digest
    from core.core_touch
    where not startsWith(person_key, 'visitor:')
    union all
    select
        person_key,
        cityHash64(
            conversion_key, kind, currency_code, vat_basis,
            tuple(deal_key, converted_at, converted_date, looks_back_from_at, lead_at, opportunity_at, amount)
        ) as digest
    from core.core_conversion
    union all
    select person_key, cityHash64(person_key) as digest
    from core.core_person
),

people as (
    select person_key, sum(digest) as digest
    from told
    group by person_key
)

select
    people.person_key as person_key,
    ifNull(members.company_key, people.person_key) as account_key,
    people.digest as journey_digest
from people
left join members on members.member_key = people.person_key
