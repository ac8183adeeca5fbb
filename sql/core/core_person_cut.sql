-- grain: one row per component in which a decision keeps records apart, to be cut by include/identity/cuts.py
with placed as (
    select distinct record_key, component_key
    from core.core_person_component
    where record_key in (select record_key from core.core_identity_decision where decision_kind = 'different')
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
    where decisions.decision_kind = 'different'
    group by placed.component_key, decisions.decision_id
    having notEmpty(first_records) and notEmpty(second_records)
),

decided as (
    select
        component_key,
        arraySort(groupArray((decided_at, decision_id, first_records, second_records))) as decisions
    from kept_apart
    group by component_key
)

select
    decided.component_key as component_key,
    any(decided.decisions) as decisions,
    groupArray((
        components.record_key, components.identifier_kind, components.identifier_key, components.identifier_part
    )) as edges
from decided
inner join core.core_person_component as components on components.component_key = decided.component_key
group by decided.component_key
