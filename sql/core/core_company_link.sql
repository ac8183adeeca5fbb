-- grain: one row per company record, identifier and its part, with the company both belong to
with recursive
-- numbers are in the order of a hash: in the order of keys, a long chain of records made one after
-- another would need as many rounds as it has links; so it needs about their logarithm
edges as (
    select
        *,
        dense_rank() over (order by sipHash64(record_key), record_key) as record_number,
        dense_rank() over (order by identifier_kind, identifier_key, identifier_part) as identifier_number
    from core.core_company_evidence
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
),

-- what the last build before this one has published each record under
published as (
    select
        record_key,
        argMax(subject_key, as_of) as company_key
    from ops.published_id
    where subject_kind = 'company' and as_of < {as_of:DateTime64(6,'UTC')}
    group by record_key
),

-- an id is born with its first record, and may be in use long after that record has left it
used as (
    select
        company_key,
        replaceRegexpOne(company_key, '^company-[0-9]+:', '') as eldest_key,
        if(company_key = eldest_key, 1, toUInt32OrZero(extract(company_key, '^company-([0-9]+):'))) as use_number
    from published
    group by company_key
),

used_of_record as (
    select eldest_key, min(use_number) as first_use, max(use_number) as last_use
    from used
    group by eldest_key
),

grouped as (
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
        settled.smallest as component,
        ifNull(published.company_key, '') as published_key,
        (edges.source = 'moysklad', edges.record_key) as age,
        row_number() over (partition by edges.record_number order by edges.identifier_number) = 1 as is_first
    from edges
    inner join settled on settled.record_number = edges.record_number
    left join published on published.record_key = edges.record_key
),

counted as (
    select
        *,
        sum(is_first) over (partition by component, published_key) as record_count,
        min(age) over (partition by component, published_key) as eldest_of_key,
        min(age) over (partition by component) as eldest
    from grouped
),

-- of the components that hold records of one id, the one that holds most of them may keep it
claimed as (
    select
        *,
        argMin(component, (-record_count, eldest_of_key))
            over (partition by published_key, if(published_key = '', component, 0))
            as keeper,
        published_key != '' and component = keeper as may_keep
    from counted
),

-- of the ids a component may keep, the one that most of its records bear stays
named as (
    select
        *,
        argMinIf(published_key, (-record_count, eldest_of_key), may_keep) over (partition by component) as kept_key
    from claimed
)

-- a new company is named after its smallest record of a CRM, else whatever there is; numbered where
-- another one bears that name by now
select
    named.record_key as record_key,
    named.source as source,
    named.account_id as account_id,
    named.record_id as record_id,
    named.identifier_kind as identifier_kind,
    named.identifier_key as identifier_key,
    named.identifier_part as identifier_part,
    named.cut_reason as cut_reason,
    named.rule_id as rule_id,
    named.confidence as confidence,
    named.seen_at as seen_at,
    multiIf(
        named.kept_key != '', named.kept_key,
        ifNull(used_of_record.first_use, 0) != 1, named.eldest.2,
        concat('company-', toString(assumeNotNull(used_of_record.last_use) + 1), ':', named.eldest.2)
    ) as company_key
from named
left join used_of_record on used_of_record.eldest_key = named.eldest.2
