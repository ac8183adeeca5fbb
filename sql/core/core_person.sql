-- grain: one row per person
select
    person_key,
    uniqExactIf(record_key, record_kind = 'lead') as lead_count,
    uniqExactIf(record_key, record_kind = 'deal') as deal_count,
    uniqExactIf(identifier_key, identifier_kind = 'phone') as phone_count,
    uniqExactIf(identifier_key, identifier_kind = 'email') as email_count,
    min(confidence) as weakest_confidence,
    min(seen_at) as first_seen_at,
    max(seen_at) as last_seen_at
from core.core_person_link
group by person_key
