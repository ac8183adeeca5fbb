-- grain: one row per kind of client id and client id that some record of a person carries
with carried as (
    select
        record_key,
        seen_at,
        carried_pair.1 as identifier_kind,
        carried_pair.2 as identifier_key
    from stg.stg_identity_record
    array join arrayZip(identifier_kinds, identifier_values) as carried_pair
    where
        carried_pair.1 in ('metrica_client_id', 'ga_client_id')
        -- a browser of a crowd is nobody's, and so are its visits
        and (carried_pair.1, carried_pair.2) not in (
            select identifier_kind, identifier_key
            from core.core_identity_part
            where cut_reason in ('too_many_people', 'too_many_records')
        )
),

persons as (
    select record_key, any(person_key) as person_key
    from core.core_person_link
    group by record_key
),

counted as (
    select
        carried.identifier_kind as identifier_kind,
        carried.identifier_key as identifier_key,
        persons.person_key as person_key,
        uniqExact(carried.record_key) as records,
        min(carried.seen_at) as first_seen_at,
        max(carried.seen_at) as last_seen_at
    from carried
    inner join persons on persons.record_key = carried.record_key
    group by carried.identifier_kind, carried.identifier_key, persons.person_key
)

-- a browser of two people is of the one it spoke for more often, of the later one where equal
select
    identifier_kind,
    identifier_key,
    argMax(person_key, (records, last_seen_at, person_key)) as person_key,
    toUInt64(count()) as person_count,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at
from counted
group by identifier_kind, identifier_key
