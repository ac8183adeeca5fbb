-- grain: one row per person whose journeys may differ from those published: all of an account that changed
with members as (
    select
        person_key,
        cityHash64(account_key) as account_hash,
        cityHash64(person_key, journey_digest) as fingerprint
    from core.core_account_member__next
    union all
    -- times minus one, so that what stayed takes itself away
    select
        person_key,
        cityHash64(account_key) as account_hash,
        18446744073709551615 * cityHash64(person_key, journey_digest) as fingerprint
    from core.core_account_member
),

accounts as (
    select account_hash
    from members
    group by account_hash
    having sum(fingerprint) != 0
)

select distinct person_key
from members
where account_hash in (select account_hash from accounts)
