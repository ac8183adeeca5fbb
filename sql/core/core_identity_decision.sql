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

evidence as (
    select 'person' as subject_kind, record_kind, record_key, identifier_key
    from core.core_identity_evidence
    union all
    select 'company' as subject_kind, 'company' as record_kind, record_key, identifier_key
    from core.core_company_evidence
),

records as (
    select subject_kind, record_key, any(record_kind) as record_kind
    from evidence
    where record_key in (select said_key from asked)
    group by subject_kind, record_key
),

-- an identifier stands for every record that carries it, but the key of a record for that record alone
carriers as (
    select subject_kind, record_key, record_kind, record_key as said_key
    from records
    union all
    select distinct subject_kind, record_key, record_kind, identifier_key as said_key
    from evidence
    where identifier_key in (select said_key from asked) and identifier_key not in (select record_key from records)
),

-- a record on both sides is on the first
named as (
    select
        asked.decision_id as decision_id,
        asked.decision_kind as decision_kind,
        asked.decided_at as decided_at,
        carriers.subject_kind as subject_kind,
        carriers.record_kind as record_kind,
        carriers.record_key as record_key,
        min(asked.side) as side
    from asked
    inner join carriers on carriers.said_key = asked.said_key
    group by
        asked.decision_id,
        asked.decision_kind,
        asked.decided_at,
        carriers.subject_kind,
        carriers.record_kind,
        carriers.record_key
),

whole as (
    select *
    from (
        select
            *,
            max(side) over (partition by decision_id, subject_kind) as last_side,
            min(side) over (partition by decision_id, subject_kind) as first_side
        from named
    )
    where first_side != last_side
)

-- people and companies may carry one phone: a decision on phones speaks of people where it can
select decision_id, decision_kind, decided_at, subject_kind, record_kind, record_key, side
from (
    select *, max(subject_kind) over (partition by decision_id) as chosen_kind
    from whole
)
where subject_kind = chosen_kind
