-- grain: one row per identifier on which two people talked at once
with tracked as (
    select
        'calltouch' as source, account_id, call_id, started_at, wait_seconds, talk_seconds, manager_id,
        is_answered
    from stg.stg_calltouch__call
    union all
    select
        'uis' as source, account_id, call_id, started_at, wait_seconds, talk_seconds, manager_id, is_answered
    from stg.stg_uis__call
    union all
    select
        'callrail' as source, account_id, call_id, started_at, wait_seconds, talk_seconds, manager_id,
        is_answered
    from stg.stg_callrail__call
),

-- a talk of a day and more is a mistake of the tracker
talks as (
    select
        concat('call:', source, ':', account_id, ':', call_id) as record_key,
        source,
        account_id,
        ifNull(manager_id, '') as manager,
        addSeconds(started_at, ifNull(wait_seconds, 0)) as talk_starts_at,
        addSeconds(talk_starts_at, talk_seconds) as talk_ends_at
    from tracked
    where is_answered and talk_seconds > 0 and talk_seconds < 86400 and ifNull(wait_seconds, 0) < 86400
),

-- by the days it touches, so that calls of one day alone are compared
carried as (
    select
        evidence.identifier_kind as identifier_kind,
        evidence.identifier_key as identifier_key,
        rules.rule_id as rule_id,
        rules.min_seconds as min_seconds,
        talks.record_key as record_key,
        talks.source as source,
        talks.account_id as account_id,
        talks.manager as manager,
        talks.talk_starts_at as talk_starts_at,
        talks.talk_ends_at as talk_ends_at,
        talk_date
    from core.core_identity_evidence as evidence
    inner join seeds.identity_overlap_rules as rules on rules.identifier_kind = evidence.identifier_kind
    inner join talks on talks.record_key = evidence.record_key
    array join arrayDistinct([toDate(talks.talk_starts_at), toDate(talks.talk_ends_at)]) as talk_date
),

-- two trackers may tell of one call twice, and one manager cannot talk with two
overlapping as (
    select distinct
        mine.identifier_kind as identifier_kind,
        mine.identifier_key as identifier_key,
        mine.rule_id as rule_id,
        mine.record_key as first_record_key,
        theirs.record_key as second_record_key,
        dateDiff(
            'second',
            greatest(mine.talk_starts_at, theirs.talk_starts_at),
            least(mine.talk_ends_at, theirs.talk_ends_at)
        ) as overlap_seconds
    from carried as mine
    inner join carried as theirs
        on theirs.identifier_kind = mine.identifier_kind
        and theirs.identifier_key = mine.identifier_key
        and theirs.source = mine.source
        and theirs.account_id = mine.account_id
        and theirs.talk_date = mine.talk_date
    where
        (mine.talk_starts_at, mine.record_key) < (theirs.talk_starts_at, theirs.record_key)
        and (mine.manager = '' or theirs.manager = '' or mine.manager != theirs.manager)
        and overlap_seconds >= toInt64(mine.min_seconds)
),

counted as (
    select
        identifier_kind,
        identifier_key,
        rule_id,
        argMax(
            (first_record_key, second_record_key), (overlapping.overlap_seconds, first_record_key, second_record_key)
        ) as longest,
        max(overlapping.overlap_seconds) as longest_seconds,
        count() as overlap_count
    from overlapping
    group by identifier_kind, identifier_key, rule_id
)

select
    identifier_kind,
    identifier_key,
    rule_id,
    tupleElement(longest, 1) as first_record_key,
    tupleElement(longest, 2) as second_record_key,
    toUInt32(longest_seconds) as overlap_seconds,
    overlap_count
from counted
