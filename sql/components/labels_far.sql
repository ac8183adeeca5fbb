-- grain: one row per node of a round: the smallest within two steps of it, in the order of `labels.sql`. It halves the
-- rounds, each of which costs more than its rows once these are few
with ends as (
    select a as node, b as neighbour
    from {edges:Identifier}
    union all
    select b as node, a as neighbour
    from {edges:Identifier}
),

mixed as (
    select
        node,
        bitXor(neighbour, {salt:UInt64}) * 11400714819323198485 as spread,
        bitXor(spread, bitShiftRight(spread, 32)) * 15485907386658061715 as place
    from ends
),

near as (
    select
        node,
        bitXor(node, {salt:UInt64}) * 11400714819323198485 as spread,
        least(bitXor(spread, bitShiftRight(spread, 32)) * 15485907386658061715, min(place)) as place
    from mixed
    group by node
),

far as (
    select
        ends.node as node,
        min(near.place) as place
    from ends
    inner join near on near.node = ends.neighbour
    group by node
)

select
    node,
    bitXor(
        bitXor(place * 14982988110149298331, bitShiftRight(place * 14982988110149298331, 32)) * 17428512612931826493,
        {salt:UInt64}
    ) as label
from far
