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

numbered as (
    select distinct record_key
    from stated
    where identifier_kind in ('tax_number', 'phone')
),

bare as (
    select record_key
    from companies
    where record_key not in (select record_key from numbered)
),

-- who is at the company, by the records that name it; the first of them is whom it was made for
people as (
    select
        companies.record_key as record_key,
        assumeNotNull(companies.name_hash) as name_hash,
        evidence.identifier_kind as identifier_kind,
        evidence.identifier_key as identifier_key,
        evidence.name_hash as person_name_hash,
        evidence.name_detail as name_detail,
        ifNull(evidence.seen_at, toDateTime64(0, 6, 'UTC')) as seen,
        min(seen) over (partition by companies.record_key) as first_seen_at
    from stg.stg_identity_record as records
    inner join companies on companies.record_key = records.company_record_key
    inner join core.core_identity_evidence as evidence on evidence.record_key = records.record_key
    where companies.name_hash is not null
),

mailed as (
    select
        record_key,
        name_hash,
        seen,
        first_seen_at,
        cutToFirstSignificantSubdomain(
            concat('http://', lowerUTF8(trimBoth(splitByChar('@', email)[-1])))
        ) as mail_domain
    from (
        select
            companies.record_key as record_key,
            assumeNotNull(companies.name_hash) as name_hash,
            records.emails as emails,
            ifNull(records.seen_at, toDateTime64(0, 6, 'UTC')) as seen,
            min(seen) over (partition by companies.record_key) as first_seen_at
        from stg.stg_identity_record as records
        inner join companies on companies.record_key = records.company_record_key
        where companies.name_hash is not null
    )
    array join emails as email
),

-- a card belongs where its first person's mail does: a site of another domain is another company's
first_domains as (
    select record_key, groupUniqArray(mail_domain) as mail_domains
    from mailed
    where
        seen = first_seen_at
        and mail_domain != ''
        and mail_domain not in (select domain from seeds.free_mail_domains)
    group by record_key
),

hinted as (
    select record_key, 'site' as hint_kind, identifier_key as hint_key, false as is_first
    from stated
    where identifier_kind = 'domain_and_name'
    union all
    select
        record_key,
        'site' as hint_kind,
        concat(mail_domain, ':', name_hash) as hint_key,
        seen = first_seen_at as is_first
    from mailed
    where mail_domain != '' and mail_domain not in (select domain from seeds.free_mail_domains)
    union all
    select
        record_key,
        'contact' as hint_kind,
        concat(identifier_key, ':', name_hash) as hint_key,
        seen = first_seen_at as is_first
    from people
    where identifier_kind in ('phone', 'email', 'contact_id', 'user_id')
    union all
    select
        record_key,
        'person' as hint_kind,
        concat(person_name_hash, ':', name_hash) as hint_key,
        seen = first_seen_at as is_first
    from people
    where name_detail = 3
),

hints as (
    select record_key, hint_kind, hint_key, max(is_first) as is_first
    from hinted
    group by record_key, hint_kind, hint_key
),

-- a record without tax number and phone joins one other at most, so it cannot tie two companies
chosen as (
    select
        mine.record_key as record_key,
        theirs.record_key as chosen_key
    from hints as mine
    inner join bare on bare.record_key = mine.record_key
    inner join hints as theirs on theirs.hint_kind = mine.hint_kind and theirs.hint_key = mine.hint_key
    left join companies on companies.record_key = theirs.record_key
    left join first_domains on first_domains.record_key = mine.record_key
    where
        theirs.record_key != mine.record_key
        and mine.is_first
        and (theirs.is_first or mine.hint_kind = 'site')
        and (
            empty(first_domains.mail_domains)
            or empty(companies.domains)
            or hasAny(first_domains.mail_domains, companies.domains)
        )
    group by mine.record_key, theirs.record_key
    order by
        mine.record_key,
        max(theirs.is_first) desc,
        theirs.record_key in (select record_key from numbered) desc,
        uniqExact(mine.hint_kind) desc,
        min(companies.seen_at) asc,
        theirs.record_key asc
    limit 1 by mine.record_key
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
