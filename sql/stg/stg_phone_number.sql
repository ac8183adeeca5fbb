-- grain: one row per region and phone as typed; restricted, nothing plain leaves this layer
with typed as (
    select phone_region, arrayJoin(phones) as raw_value
    from stg.stg_identity_record
    union distinct
    select phone_region, arrayJoin(phones) as raw_value
    from stg.stg_company_record
)

select
    phone_region,
    raw_value,
    -- an extension does not make another person: `, доб. 12`, `ext 7`, `#3`
    replaceRegexpOne(trimBoth(lowerUTF8(raw_value)), '[,;]?\\s*(доб|вн|ext|x|#)[^\\d@]*\\d+\\D*$', '') as cleaned
from typed
order by phone_region, raw_value
