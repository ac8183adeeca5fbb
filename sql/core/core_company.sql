-- grain: one row per company
select
    company_key,
    uniqExact(record_key) as record_count,
    arraySort(groupUniqArray(toString(source))) as sources,
    uniqExactIf(identifier_key, identifier_kind = 'tax_number') as tax_number_count,
    uniqExactIf(identifier_key, identifier_kind = 'phone') as phone_count,
    min(confidence) as weakest_confidence,
    min(seen_at) as first_seen_at,
    max(seen_at) as last_seen_at
from core.core_company_link
group by company_key
