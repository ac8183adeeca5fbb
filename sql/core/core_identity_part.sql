-- grain: one row per record and identifier it carries, with the part of the identifier it is held by
with evidence as (
    select
        record_key,
        identifier_kind,
        identifier_key,
        seen_at,
        name_hash,
        name_detail,
        name_forms
    from core.core_identity_evidence
),

names_of_identifier as (
    select
        identifier_kind,
        identifier_key,
        groupUniqArray((name_hash, name_detail, name_forms)) as names
    from evidence
    where name_hash != ''
    group by identifier_kind, identifier_key
),

-- a shorter name means the longer one it may stand for, if there is one such among those who share
-- the identifier; with several it says nothing
spoken as (
    select
        evidence.record_key as record_key,
        evidence.identifier_kind as identifier_kind,
        evidence.identifier_key as identifier_key,
        ifNull(evidence.seen_at, toDateTime64(0, 6, 'UTC')) as seen,
        evidence.name_hash as name_hash,
        arrayFilter(
            known_name -> tupleElement(known_name, 2) > evidence.name_detail
            and has(tupleElement(known_name, 3), evidence.name_hash),
            known.names
        ) as longer,
        arrayMax(arrayMap(known_name -> tupleElement(known_name, 2), longer)) as most_detail,
        arrayFilter(known_name -> equals(tupleElement(known_name, 2), most_detail), longer) as longest,
        multiIf(
            evidence.name_hash = '', '',
            empty(longer), evidence.name_hash,
            length(longest) = 1, tupleElement(longest[1], 1),
            ''
        ) as speaker
    from evidence
    left join names_of_identifier as known
        on known.identifier_kind = evidence.identifier_kind
        and known.identifier_key = evidence.identifier_key
),

speakers as (
    select
        identifier_kind,
        identifier_key,
        uniqExactIf(speaker, speaker != '') as speaker_count,
        uniqExact(record_key) as record_count,
        arraySort(groupArrayIf((seen, speaker), speaker != '')) as said
    from spoken
    group by identifier_kind, identifier_key
),

own as (
    select identifier_kind, identifier_key, max(speaker) as speaker
    from spoken
    where
        (identifier_kind, identifier_key) not in (
            select identifier_kind, identifier_key from core.core_identity_overlap
        )
    group by identifier_kind, identifier_key
    having uniqExactIf(speaker, speaker != '') = 1
),

-- who says no name is named by what else they carry, where that is one person's alone
inferred as (
    select
        spoken.record_key as record_key,
        groupUniqArray(own.speaker) as speakers_elsewhere
    from spoken
    inner join own on own.identifier_kind = spoken.identifier_kind and own.identifier_key = spoken.identifier_key
    where spoken.speaker = ''
    group by spoken.record_key
),

held as (
    select
        spoken.record_key as record_key,
        spoken.identifier_kind as identifier_kind,
        spoken.identifier_key as identifier_key,
        speakers.speaker_count as speaker_count,
        speakers.record_count as record_count,
        ifNull(overlaps.overlap_count, 0) as overlap_count,
        rules.max_people as max_people,
        rules.max_records as max_records,
        arrayFilter(
            said_name -> has(inferred.speakers_elsewhere, tupleElement(said_name, 2)), speakers.said
        ) as agreeing,
        multiIf(
            spoken.speaker != '', spoken.speaker,
            notEmpty(agreeing), tupleElement(agreeing[1], 2),
            -- where two talk at once, who spoke nearest in time says nothing
            empty(speakers.said) or overlap_count > 0, '',
            tupleElement(
                arraySort(
                    said_name -> (
                        abs(dateDiff('second', tupleElement(said_name, 1), spoken.seen)), tupleElement(said_name, 2)
                    ),
                    speakers.said
                )[1],
                2
            )
        ) as speaker
    from spoken
    left join speakers
        on speakers.identifier_kind = spoken.identifier_kind
        and speakers.identifier_key = spoken.identifier_key
    left join inferred on inferred.record_key = spoken.record_key
    left join core.core_identity_overlap as overlaps
        on overlaps.identifier_kind = spoken.identifier_kind
        and overlaps.identifier_key = spoken.identifier_key
    left join seeds.identity_rules as rules on rules.identifier_kind = spoken.identifier_kind
)

select
    record_key,
    identifier_kind,
    identifier_key,
    multiIf(
        speaker_count > max_people, 'too_many_people',
        record_count > max_records, 'too_many_records',
        overlap_count > 0, 'talked_at_once',
        speaker_count > 1, 'several_names',
        ''
    ) as cut_reason,
    multiIf(
        cut_reason in ('too_many_people', 'too_many_records'), record_key,
        cut_reason = 'talked_at_once' and speaker = '', record_key,
        cut_reason in ('talked_at_once', 'several_names'), speaker,
        ''
    ) as part
from held
