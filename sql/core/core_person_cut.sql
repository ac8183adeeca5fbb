-- grain: one row per component that a decision or the limit of its size cuts, by include/identity/cuts.py
with placed as (
    select distinct record_key, component_key
    from core.core_person_cluster
    where record_key in (
        select record_key
        from core.core_identity_decision
        where subject_kind = 'person' and decision_kind = 'different'
    )
),

kept_apart as (
    select
        placed.component_key as component_key,
        decisions.decision_id as decision_id,
        any(decisions.decided_at) as decided_at,
        groupArrayIf(decisions.record_key, decisions.side = 'first') as first_records,
        groupArrayIf(decisions.record_key, decisions.side = 'second') as second_records
    from core.core_identity_decision as decisions
    inner join placed on placed.record_key = decisions.record_key
    where decisions.subject_kind = 'person' and decisions.decision_kind = 'different'
    group by placed.component_key, decisions.decision_id
    having notEmpty(first_records) and notEmpty(second_records)
),

too_large as (
    select component_key
    from core.core_person_cluster
    group by component_key
    having uniqExact(record_key) > (
        select most from seeds.identity_limits where limit_id = 'records_of_a_person'
    )
),

decided as (
    select
        component_key,
        arraySort(groupArray((decided_at, decision_id, first_records, second_records))) as decisions
    from kept_apart
    group by component_key
),

edged as (
    select
        component_key,
        groupArray((record_key, identifier_kind, identifier_key, identifier_part, confidence)) as edges
    from core.core_person_cluster
    where
        component_key in (select component_key from decided)
        or component_key in (select component_key from too_large)
    group by component_key
)

select
    edged.component_key as component_key,
    decided.decisions as decisions,
    edged.edges as edges,
    ifNull(
        (select most from seeds.identity_limits where limit_id = 'records_of_a_person'), 4294967295
    ) as max_records,
    'person_too_large' as too_large_reason
from edged
left join decided on decided.component_key = edged.component_key
