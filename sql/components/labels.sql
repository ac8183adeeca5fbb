-- grain: one row per node of a round: the smallest of itself and its neighbours, named by a hash that is one-to-one and
-- new in each round, or a chain in ascending order would shrink by one node a round
select
    node,
    least(intHash64(bitXor(node, {salt:UInt64})), min(intHash64(bitXor(neighbour, {salt:UInt64})))) as label
from (
    select
        arrayJoin([(a, b), (b, a)]) as ends,
        ends.1 as node,
        ends.2 as neighbour
    from {edges:Identifier}
)
group by node
