-- grain: one row per node with more than max_degree distinct neighbours
select
    node,
    uniqExact(neighbour) as degree
from (
    select
        arrayJoin([(a, b), (b, a)]) as ends,
        ends.1 as node,
        ends.2 as neighbour
    from edges_given
    where a != b
)
group by node
having degree > {max_degree:UInt64}
