-- grain: one row per person whose journeys may differ from those published: all of an account that changed
with members as (
    select person_key, account_key, cityHash64(person_key, journey_digest) as fingerprint, true as is_new
    from core.core_account_member__next
    union all
    select person_key, account_key, cityHash64(person_key, journey_digest) as fingerprint, false as is_new
    from core.core_account_member
),

accounts as (
    select account_key
    from members
    group by account_key
    having sumIf(fingerprint, is_new) != sumIf(fingerprint, not is_new)
)

select distinct person_key
from members
where account_key in (select account_key from accounts)
