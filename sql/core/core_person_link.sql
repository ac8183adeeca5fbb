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

-- a component that was cut goes on as its pieces
grouped as (
    select
        components.record_kind as record_kind,
        components.record_key as record_key,
        components.seen_at as seen_at,
        components.identifier_kind as identifier_kind,
        components.identifier_key as identifier_key,
        if(
            ifNull(cuts.cut_reason, '') = '', components.identifier_part,
            concat(components.identifier_part, if(components.identifier_part = '', '', ' '), cuts.piece_key)
        ) as part,
        components.rule_id as rule_id,
        components.confidence as confidence,
        ifNull(cuts.piece_key, components.component_key) as component,
        ifNull(published.person_key, '') as published_key,
        (
            indexOf(['lead', 'deal', 'contact', 'form', 'chat', 'call'], components.record_kind),
            components.record_key
        ) as age,
        row_number()
            over (
                partition by components.record_key
                order by components.identifier_kind, components.identifier_key, components.identifier_part
            )
        = 1 as is_first
    from core.core_person_component as components
    left join core.core_person_cut as cuts
        on cuts.record_key = components.record_key
        and cuts.identifier_kind = components.identifier_kind
        and cuts.identifier_key = components.identifier_key
    left join published on published.record_key = components.record_key
),

counted as (
    select
        *,
        sum(is_first) over (partition by component, published_key) as record_count,
        min(age) over (partition by component, published_key) as eldest_of_key,
        min(age) over (partition by component) as eldest
    from grouped
),

-- of the components that hold records of one id, the one that holds most of them may keep it
claimed as (
    select
        *,
        argMin(component, (-record_count, eldest_of_key))
            over (partition by published_key, if(published_key = '', component, ''))
            as keeper,
        published_key != '' and component = keeper as may_keep
    from counted
),

-- of the ids a component may keep, the one that most of its records bear stays
named as (
    select
        *,
        argMinIf(published_key, (-record_count, eldest_of_key), may_keep) over (partition by component) as kept_key
    from claimed
)

-- a new person is named after the smallest lead, else deal, else contact, else whatever there is;
-- numbered where someone else bears that name by now
select
    named.record_kind as record_kind,
    named.record_key as record_key,
    named.identifier_kind as identifier_kind,
    named.identifier_key as identifier_key,
    named.part as identifier_part,
    named.rule_id as rule_id,
    named.confidence as confidence,
    named.seen_at as seen_at,
    multiIf(
        named.kept_key != '', named.kept_key,
        ifNull(used_of_record.first_use, 0) != 1, named.eldest.2,
        concat('person-', toString(assumeNotNull(used_of_record.last_use) + 1), ':', named.eldest.2)
    ) as person_key
from named
left join used_of_record on used_of_record.eldest_key = named.eldest.2
