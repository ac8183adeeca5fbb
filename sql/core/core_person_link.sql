-- grain: one row per record (lead or deal) and identifier it carries, with the person both belong to
with recursive
contacts as (
    select accepted.kind as kind, accepted.raw_value as raw_value, assumeNotNull(accepted.key_hash) as key_hash
    from stg.stg_contact_key as accepted
    where accepted.key_hash is not null
),

leads as (
    select concat('lead:files:', account_id, ':', lead_id) as record_key, created_at, phone, email
    from stg.stg_files__lead
),

deals as (
    select
        concat('deal:files:', account_id, ':', deal_id) as record_key,
        if(lead_id is null, null, concat('lead:files:', account_id, ':', assumeNotNull(lead_id))) as lead_key,
        created_at,
        phone,
        email
    from stg.stg_files__deal
),

observed as (
    select 'lead' as record_kind, record_key, created_at, 'lead_id' as identifier_kind, record_key as identifier_key
    from leads
    union all
    select 'lead' as record_kind, record_key, created_at, kind as identifier_kind, key_hash as identifier_key
    from leads
    inner join contacts on contacts.kind = 'phone' and contacts.raw_value = leads.phone
    union all
    select 'lead' as record_kind, record_key, created_at, kind as identifier_kind, key_hash as identifier_key
    from leads
    inner join contacts on contacts.kind = 'email' and contacts.raw_value = leads.email
    union all
    select 'deal' as record_kind, record_key, created_at, 'deal_id' as identifier_kind, record_key as identifier_key
    from deals
    union all
    select
        'deal' as record_kind,
        record_key,
        created_at,
        'lead_id' as identifier_kind,
        assumeNotNull(lead_key) as identifier_key
    from deals
    where lead_key is not null
    union all
    select 'deal' as record_kind, record_key, created_at, kind as identifier_kind, key_hash as identifier_key
    from deals
    inner join contacts on contacts.kind = 'phone' and contacts.raw_value = deals.phone
    union all
    select 'deal' as record_kind, record_key, created_at, kind as identifier_kind, key_hash as identifier_key
    from deals
    inner join contacts on contacts.kind = 'email' and contacts.raw_value = deals.email
),

-- numbers are in the order of a hash: in the order of keys, a long chain of records made one after
-- another would need as many rounds as it has links; so it needs about their logarithm
edges as (
    select
        observed.record_kind as record_kind,
        observed.record_key as record_key,
        observed.created_at as created_at,
        observed.identifier_kind as identifier_kind,
        observed.identifier_key as identifier_key,
        rules.rule_id as rule_id,
        rules.confidence as confidence,
        dense_rank() over (order by sipHash64(observed.record_key), observed.record_key) as record_number,
        dense_rank() over (order by observed.identifier_kind, observed.identifier_key) as identifier_number
    from observed
    inner join seeds.identity_rules as rules on rules.identifier_kind = observed.identifier_kind
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

-- a person is named after the smallest lead, or the smallest deal where there is no lead
select
    edges.record_kind as record_kind,
    edges.record_key as record_key,
    edges.identifier_kind as identifier_kind,
    edges.identifier_key as identifier_key,
    edges.rule_id as rule_id,
    edges.confidence as confidence,
    edges.created_at as seen_at,
    argMin(edges.record_key, (edges.record_kind = 'deal', edges.record_key))
        over (partition by settled.smallest) as person_key
from edges
inner join settled on settled.record_number = edges.record_number
