-- grain: one row per person
select
    person_key,
    uniqExactIf(record_key, record_kind = 'lead') as lead_count,
    uniqExactIf(record_key, record_kind = 'deal') as deal_count,
    uniqExactIf(identifier_key, identifier_kind = 'phone') as phone_count,
    uniqExactIf(identifier_key, identifier_kind = 'email') as email_count,
    min(confidence) as weakest_confidence,
    -- a decision is dated by when somebody took it
    minIf(seen_at, identifier_kind != 'decision') as first_seen_at,
    maxIf(seen_at, identifier_kind != 'decision') as last_seen_at
from core.core_person_link
group by person_key
