-- grain: one row per record and identifier it carries, with the person both belong to
with
-- what the last build before this one has published each record under
published as (
    select
        record_key,
        argMax(subject_key, as_of) as person_key
    from ops.published_id
    where subject_kind = 'person' and as_of < {as_of:DateTime64(6,'UTC')}
    group by record_key
),

-- an id is born with its first record, and may be in use long after that record has left it
used as (
    select
        person_key,
        replaceRegexpOne(person_key, '^person-[0-9]+:', '') as eldest_key,
        if(person_key = eldest_key, 1, toUInt32OrZero(extract(person_key, '^person-([0-9]+):'))) as use_number
    from published
    group by person_key
),

used_of_record as (
    select eldest_key, min(use_number) as first_use, max(use_number) as last_use
    from used
    group by eldest_key
),

cut_records as (
    select record_key, any(piece_key) as piece_key
    from core.core_person_cut
    group by record_key
),

-- a component that was cut goes on as its pieces
placed as (
    select
        components.record_key as record_key,
        ifNull(cut_records.piece_key, components.component_key) as component,
        (
            indexOf(['lead', 'deal', 'contact', 'form', 'chat', 'call'], components.record_kind),
            components.record_key
        ) as age
    from (
        select record_key, any(record_kind) as record_kind, any(component_key) as component_key
        from core.core_person_cluster
        group by record_key
    ) as components
    left join cut_records on cut_records.record_key = components.record_key
),

counted as (
    select
        placed.component as component,
        ifNull(published.person_key, '') as published_key,
        toInt64(count()) as record_count,
        min(placed.age) as eldest
    from placed
    left join published on published.record_key = placed.record_key
    group by placed.component, published_key
),

-- of the components that hold records of one id, the one that holds most of them may keep it
claimed as (
    select
        *,
        published_key != ''
        and row_number() over (partition by published_key order by record_count desc, eldest) = 1 as may_keep
    from counted
),

-- of the ids a component may keep, the one that most of its records bear stays
kept as (
    select
        component,
        argMinIf(published_key, (-record_count, eldest), may_keep) as kept_key,
        tupleElement(min(eldest), 2) as eldest_key
    from claimed
    group by component
),

-- a new person is named after the smallest lead, else deal, else contact, else whatever there is;
-- numbered where someone else bears that name by now
named as (
    select
        kept.component as component,
        multiIf(
            kept.kept_key != '', kept.kept_key,
            ifNull(used_of_record.first_use, 0) != 1, kept.eldest_key,
            concat('person-', toString(assumeNotNull(used_of_record.last_use) + 1), ':', kept.eldest_key)
        ) as person_key
    from kept
    left join used_of_record on used_of_record.eldest_key = kept.eldest_key
)

select
    components.record_kind as record_kind,
    components.record_key as record_key,
    components.identifier_kind as identifier_kind,
    components.identifier_key as identifier_key,
    if(
        ifNull(cuts.cut_reason, '') = '', components.identifier_part,
        concat(components.identifier_part, if(components.identifier_part = '', '', ' '), cuts.piece_key)
    ) as identifier_part,
    components.rule_id as rule_id,
    components.confidence as confidence,
    components.seen_at as seen_at,
    named.person_key as person_key
from core.core_person_cluster as components
left join core.core_person_cut as cuts
    on cuts.record_key = components.record_key
    and cuts.identifier_kind = components.identifier_kind
    and cuts.identifier_key = components.identifier_key
inner join named on named.component = ifNull(cuts.piece_key, components.component_key)
