-- grain: one row per record and identifier it carries, with the connected component both stand in
with recursive
held as (
    select
        observed.record_kind as record_kind,
        observed.record_key as record_key,
        observed.seen_at as seen_at,
        observed.identifier_kind as identifier_kind,
        observed.identifier_key as identifier_key,
        parts.part as part,
        observed.rule_id as rule_id,
        observed.confidence as confidence
    from core.core_identity_evidence as observed
    inner join core.core_identity_part as parts
        on parts.record_key = observed.record_key
        and parts.identifier_kind = observed.identifier_kind
        and parts.identifier_key = observed.identifier_key
    union all
    select record_kind, record_key, seen_at, identifier_kind, identifier_key, '' as part, rule_id, confidence
    from core.core_identity_context
    union all
    select
        decisions.record_kind as record_kind,
        decisions.record_key as record_key,
        decisions.decided_at as seen_at,
        rules.identifier_kind as identifier_kind,
        decisions.decision_id as identifier_key,
        '' as part,
        rules.rule_id as rule_id,
        rules.confidence as confidence
    from core.core_identity_decision as decisions
    inner join seeds.identity_rules as rules on rules.identifier_kind = 'decision'
    where decisions.subject_kind = 'person' and decisions.decision_kind = 'same'
),

-- numbers are in the order of a hash: in the order of keys, a long chain of records made one after
-- another would need as many rounds as it has links; so it needs about their logarithm
edges as (
    select
        *,
        dense_rank() over (order by sipHash64(record_key), record_key) as record_number,
        dense_rank() over (order by identifier_kind, identifier_key, part) as identifier_number
    from held
),

-- each round every record takes the smallest number among the records it shares an identifier with,
-- and with it all records that bore its number so far; a number is settled once none of its
-- identifiers is shared with another number
spread as (
    select
        record_number,
        identifier_number,
        record_number as smallest,
        toUInt8(0) as is_settled
    from edges
    union all
    select
        record_number,
        identifier_number,
        smallest,
        toUInt8(max(is_contested) over (partition by smallest) = 0) as is_settled
    from (
        select
            record_number,
            identifier_number,
            smallest,
            min(smallest) over (partition by identifier_number)
            != max(smallest) over (partition by identifier_number) as is_contested
        from (
            select
                record_number,
                identifier_number,
                min(smallest_of_identifier) over (partition by smallest_before) as smallest
            from (
                select
                    record_number,
                    identifier_number,
                    smallest as smallest_before,
                    min(smallest) over (partition by identifier_number) as smallest_of_identifier
                from spread
                where is_settled = 0
            )
        )
    )
),

settled as (
    select distinct record_number, smallest
    from spread
    where is_settled = 1
)

-- a component is named after the smallest lead, else deal, else contact, else whatever there is
select
    edges.record_kind as record_kind,
    edges.record_key as record_key,
    edges.identifier_kind as identifier_kind,
    edges.identifier_key as identifier_key,
    edges.part as identifier_part,
    edges.rule_id as rule_id,
    edges.confidence as confidence,
    edges.seen_at as seen_at,
    argMin(
        edges.record_key,
        (indexOf(['lead', 'deal', 'contact', 'form', 'chat', 'call'], edges.record_kind), edges.record_key)
    )
        over (partition by settled.smallest) as component_key
from edges
inner join settled on settled.record_number = edges.record_number
