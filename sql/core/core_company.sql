-- grain: one row per company
select
    company_key,
    uniqExact(record_key) as record_count,
    arraySort(groupUniqArray(toString(source))) as sources,
    -- its key is the number, the branch and what else is shared
    uniqExactIf(splitByChar(':', identifier_key)[1], identifier_kind = 'tax_number') as tax_number_count,
    uniqExactIf(identifier_key, identifier_kind = 'phone') as phone_count,
    min(confidence) as weakest_confidence,
    -- a decision is dated by when somebody took it
    minIf(seen_at, identifier_kind != 'decision') as first_seen_at,
    maxIf(seen_at, identifier_kind != 'decision') as last_seen_at
from core.core_company_link
group by company_key
