-- grain: one row per decision in force and record it speaks of
with paired as (
    select
        *,
        least(first_key, second_key) as smaller_key,
        greatest(first_key, second_key) as larger_key
    from seeds.identity_decisions
    where decision_kind in ('same', 'different') and first_key != second_key
),

-- of decisions on one pair the last one holds
in_force as (
    select *
    from paired
    order by decided_at desc, decision_id desc
    limit 1 by smaller_key, larger_key
),

asked as (
    select
        decision_id,
        decision_kind,
        decided_at,
        said.1 as side,
        said.2 as said_key
    from in_force
    array join [('first', first_key), ('second', second_key)] as said
),

records as (
    select record_key, any(record_kind) as record_kind
    from core.core_identity_evidence
    where record_key in (select said_key from asked)
    group by record_key
),

-- an identifier stands for every record that carries it, but the key of a record for that record alone
carriers as (
    select record_key, record_kind, record_key as said_key
    from records
    union all
    select distinct record_key, record_kind, identifier_key as said_key
    from core.core_identity_evidence
    where identifier_key in (select said_key from asked) and identifier_key not in (select record_key from records)
),

-- a record on both sides is on the first
named as (
    select
        asked.decision_id as decision_id,
        asked.decision_kind as decision_kind,
        asked.decided_at as decided_at,
        carriers.record_kind as record_kind,
        carriers.record_key as record_key,
        min(asked.side) as side
    from asked
    inner join carriers on carriers.said_key = asked.said_key
    group by
        asked.decision_id, asked.decision_kind, asked.decided_at, carriers.record_kind, carriers.record_key
)

select decision_id, decision_kind, decided_at, record_kind, record_key, side
from (
    select *, max(side) over (partition by decision_id) != min(side) over (partition by decision_id) as is_whole
    from named
)
where is_whole
