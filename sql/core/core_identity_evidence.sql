-- grain: one row per record and identifier it carries
with contacts as (
    select kind, phone_region, raw_value, assumeNotNull(key_hash) as key_hash, letters_hash
    from stg.stg_contact_key
    where key_hash is not null
),

own_names as (
    select
        records.record_key as record_key,
        names.name_hash as name_hash,
        names.name_detail as name_detail,
        names.form_hashes as name_forms
    from stg.stg_identity_record as records
    inner join stg.stg_person_name_key as names on names.raw_value = records.name_said
),

carried as (
    select
        record_key,
        carried_pair.1 as identifier_kind,
        carried_pair.2 as identifier_key
    from stg.stg_identity_record
    array join arrayZip(identifier_kinds, identifier_values) as carried_pair
),

-- a deal has the name of its lead, and a lead without one that of its contact
lent_names as (
    select
        carried.record_key as record_key,
        lenders.name_hash as name_hash,
        lenders.name_detail as name_detail,
        lenders.name_forms as name_forms
    from carried
    inner join own_names as lenders on lenders.record_key = carried.identifier_key
    where
        carried.identifier_kind in ('lead_id', 'contact_id')
        and carried.record_key != carried.identifier_key
        and carried.record_key not in (select record_key from own_names)
    order by carried.record_key, carried.identifier_kind = 'lead_id' desc, name_hash
    limit 1 by carried.record_key
),

names as (
    select record_key, name_hash, name_detail, name_forms from own_names
    union all
    select record_key, name_hash, name_detail, name_forms from lent_names
),

phones as (
    select record_key, phone_region, phone as raw_value
    from stg.stg_identity_record
    array join phones as phone
),

emails as (
    select record_key, email as raw_value
    from stg.stg_identity_record
    array join emails as email
),

observed as (
    select record_key, identifier_kind, identifier_key
    from carried
    union all
    select distinct record_key, kind as identifier_kind, key_hash as identifier_key
    from phones
    inner join contacts
        on contacts.kind = 'phone'
        and contacts.phone_region = phones.phone_region
        and contacts.raw_value = phones.raw_value
    union all
    select distinct record_key, kind as identifier_kind, key_hash as identifier_key
    from emails
    inner join contacts on contacts.kind = 'email' and contacts.raw_value = emails.raw_value
    union all
    select distinct record_key, 'email_letters' as identifier_kind, assumeNotNull(letters_hash) as identifier_key
    from emails
    inner join contacts on contacts.kind = 'email' and contacts.raw_value = emails.raw_value
    where letters_hash is not null
)

select
    records.record_kind as record_kind,
    observed.record_key as record_key,
    records.source as source,
    records.account_id as account_id,
    records.seen_at as seen_at,
    observed.identifier_kind as identifier_kind,
    observed.identifier_key as identifier_key,
    rules.rule_id as rule_id,
    rules.confidence as confidence,
    ifNull(names.name_hash, '') as name_hash,
    ifNull(names.name_detail, 0) as name_detail,
    names.name_forms as name_forms
from observed
inner join seeds.identity_rules as rules on rules.identifier_kind = observed.identifier_kind
left join stg.stg_identity_record as records on records.record_key = observed.record_key
left join names on names.record_key = observed.record_key
