-- grain: one row per company record, comparison and what it would share with another record of its company
with contacts as (
    select kind, phone_region, raw_value, assumeNotNull(key_hash) as key_hash
    from stg.stg_contact_key
    where key_hash is not null
),

companies as (
    select *, assumeNotNull(name_hash) as name_key
    from stg.stg_company_record
    where name_hash is not null
),

dialled as (
    select distinct
        companies.record_key as record_key,
        contacts.key_hash as phone_key
    from companies
    array join companies.phones as phone
    inner join contacts
        on contacts.kind = 'phone'
        and contacts.phone_region = companies.phone_region
        and contacts.raw_value = phone
),

bare as (
    select record_key, name_key, seen_at
    from companies
    where inn_hash is null and record_key not in (select record_key from dialled)
),

compared as (
    select *
    from companies
    where name_key in (select name_key from bare)
),

-- a record was made for whoever asked first at it; later ones may be of a company of the same name
said as (
    select
        compared.record_key as company_record_key,
        records.record_key as record_key,
        ifNull(records.seen_at, toDateTime64(0, 6, 'UTC')) as seen,
        min(seen) over (partition by compared.record_key) as first_seen_at
    from stg.stg_identity_record as records
    inner join compared on compared.record_key = records.company_record_key
),

mailed as (
    select
        record_key,
        cutToFirstSignificantSubdomain(
            concat('http://', lowerUTF8(trimBoth(splitByChar('@', email)[-1])))
        ) as mail_domain
    from stg.stg_identity_record
    array join emails as email
    where
        mail_domain != ''
        and mail_domain not in (select domain from seeds.free_mail_domains)
),

-- who belongs to the company for certain
members as (
    select company_record_key, record_key, 'person' as comparison
    from said
    where seen = first_seen_at
    union distinct
    select
        dialled.record_key as company_record_key,
        evidence.record_key as record_key,
        'switchboard' as comparison
    from dialled
    inner join compared on compared.record_key = dialled.record_key
    inner join core.core_identity_evidence as evidence
        on evidence.identifier_kind = 'phone' and evidence.identifier_key = dialled.phone_key
    union distinct
    select
        cards.record_key as company_record_key,
        mailed.record_key as record_key,
        'employee' as comparison
    from (
        select record_key, arrayJoin(domains) as domain
        from compared
    ) as cards
    inner join mailed on mailed.mail_domain = cards.domain
),

-- what else the same person said: one step along an identifier that is one person's
around as (
    select distinct
        members.company_record_key as company_record_key,
        theirs.record_key as record_key,
        members.comparison as comparison
    from members
    inner join core.core_identity_part as mine on mine.record_key = members.record_key
    inner join core.core_identity_part as theirs
        on theirs.identifier_kind = mine.identifier_kind
        and theirs.identifier_key = mine.identifier_key
        and theirs.part = mine.part
),

networks as (
    select distinct
        around.company_record_key as company_record_key,
        around.comparison as member_kind,
        visits.network_hash as network_hash
    from around
    inner join core.core_identity_part as parts on parts.record_key = around.record_key
    inner join stg.stg_visit_network as visits on visits.metrica_client_id = parts.identifier_key
    where parts.identifier_kind = 'metrica_client_id'
),

-- a mail domain may be a person's own, so it goes on as a keyed hash
sites as (
    select record_key as company_record_key, arrayJoin(domains) as domain, false as is_own
    from compared
    union distinct
    select
        around.company_record_key as company_record_key,
        mailed.mail_domain as domain,
        around.comparison = 'person' as is_own
    from around
    inner join mailed on mailed.record_key = around.record_key
),

hinted as (
    select company_record_key, record_key as hint_key, comparison, comparison = 'person' as is_own
    from around
    union all
    -- the full name of who asked first
    select
        said.company_record_key as company_record_key,
        evidence.name_hash as hint_key,
        'full_name' as comparison,
        true as is_own
    from said
    inner join core.core_identity_evidence as evidence on evidence.record_key = said.record_key
    where said.seen = said.first_seen_at and evidence.name_detail = 3
    union all
    select
        company_record_key,
        lower(hex(HMAC('sha256', concat('site ', domain), {identity_key:String}))) as hint_key,
        'site' as comparison,
        is_own
    from sites
    union all
    select
        company_record_key,
        network_hash as hint_key,
        'network' as comparison,
        member_kind = 'person' as is_own
    from networks
)

select
    hinted.company_record_key as record_key,
    hinted.comparison as comparison,
    hinted.hint_key as hint_key,
    any(compared.name_key) as name_hash,
    max(hinted.is_own) as is_own,
    hinted.company_record_key in (select record_key from bare) as is_bare,
    -- who asked first at one record may be any certain member of the other
    if(hinted.comparison in ('switchboard', 'employee'), 'person', hinted.comparison) as shared_kind
from hinted
inner join compared on compared.record_key = hinted.company_record_key
group by hinted.company_record_key, hinted.comparison, hinted.hint_key
