-- grain: one row per identifier that was cut, of people or of companies
with people as (
    select
        'person' as subject_kind,
        identifier_kind,
        identifier_key,
        max(cut_reason) as cut_reason,
        uniqExact(part) as part_count,
        uniqExact(record_key) as record_count,
        '' as decision_id
    from core.core_identity_part
    where cut_reason != ''
    group by identifier_kind, identifier_key
),

companies as (
    select
        'company' as subject_kind,
        identifier_kind,
        identifier_key,
        max(cut_reason) as cut_reason,
        uniqExact(identifier_part) as part_count,
        uniqExact(record_key) as record_count,
        '' as decision_id
    from core.core_company_evidence
    where cut_reason != ''
    group by identifier_kind, identifier_key
),

decided as (
    select
        'person' as subject_kind,
        identifier_kind,
        identifier_key,
        cut_reason,
        uniqExact(piece_key) as part_count,
        uniqExact(record_key) as record_count,
        min(decision_id) as decision_id
    from core.core_person_cut
    where cut_reason != ''
    group by identifier_kind, identifier_key, cut_reason
    union all
    select
        'company' as subject_kind,
        identifier_kind,
        identifier_key,
        cut_reason,
        uniqExact(piece_key) as part_count,
        uniqExact(record_key) as record_count,
        min(decision_id) as decision_id
    from core.core_company_cut
    where cut_reason != ''
    group by identifier_kind, identifier_key, cut_reason
)

select subject_kind, identifier_kind, identifier_key, cut_reason, part_count, record_count, decision_id
from people
union all
select subject_kind, identifier_kind, identifier_key, cut_reason, part_count, record_count, decision_id
from companies
union all
select subject_kind, identifier_kind, identifier_key, cut_reason, part_count, record_count, decision_id
from decided
