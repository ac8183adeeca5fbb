-- grain: one row per company record, identifier and its part, with the connected component all stand in
with recursive
held as (
    select
        record_key,
        source,
        account_id,
        record_id,
        seen_at,
        identifier_kind,
        identifier_key,
        identifier_part,
        cut_reason,
        rule_id,
        confidence
    from core.core_company_evidence
    union all
    select
        decisions.record_key as record_key,
        cards.source as source,
        cards.account_id as account_id,
        cards.record_id as record_id,
        decisions.decided_at as seen_at,
        rules.identifier_kind as identifier_kind,
        decisions.decision_id as identifier_key,
        '' as identifier_part,
        '' as cut_reason,
        rules.rule_id as rule_id,
        rules.confidence as confidence
    from core.core_identity_decision as decisions
    inner join (
        select
            record_key,
            any(source) as source,
            any(account_id) as account_id,
            any(record_id) as record_id
        from core.core_company_evidence
        group by record_key
    ) as cards on cards.record_key = decisions.record_key
    inner join seeds.company_rules as rules on rules.identifier_kind = 'decision'
    where decisions.subject_kind = 'company' and decisions.decision_kind = 'same'
),

-- numbers are in the order of a hash: in the order of keys, a long chain of records made one after
-- another would need as many rounds as it has links; so it needs about their logarithm
edges as (
    select
        *,
        dense_rank() over (order by sipHash64(record_key), record_key) as record_number,
        dense_rank() over (order by identifier_kind, identifier_key, identifier_part) as identifier_number
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

-- a component is named after its smallest record of a CRM, else whatever there is
select
    edges.record_key as record_key,
    edges.source as source,
    edges.account_id as account_id,
    edges.record_id as record_id,
    edges.identifier_kind as identifier_kind,
    edges.identifier_key as identifier_key,
    edges.identifier_part as identifier_part,
    edges.cut_reason as cut_reason,
    edges.rule_id as rule_id,
    edges.confidence as confidence,
    edges.seen_at as seen_at,
    argMin(edges.record_key, (edges.source = 'moysklad', edges.record_key)) over (partition by settled.smallest)
        as component_key
from edges
inner join settled on settled.record_number = edges.record_number
