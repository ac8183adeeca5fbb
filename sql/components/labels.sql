-- grain: one row per node of a round: the smallest of itself and its neighbours, in an order that is new in each round,
-- or a chain in ascending order would shrink by one node a round. The order is that of the nodes mixed one-to-one by
-- two odd factors and a fold, so what is smallest can be unmixed into the node it came from
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

smallest as (
    select
        node,
        bitXor(node, {salt:UInt64}) * 11400714819323198485 as spread,
        least(bitXor(spread, bitShiftRight(spread, 32)) * 15485907386658061715, min(place)) as place
    from mixed
    group by node
)

select
    node,
    bitXor(
        bitXor(place * 14982988110149298331, bitShiftRight(place * 14982988110149298331, 32)) * 17428512612931826493,
        {salt:UInt64}
    ) as label
from smallest
