-- grain: one row: nodes that are too connected, and the distinct edges taken from them
select
    (select count() from hubs) as nodes,
    uniqExact(least(a, b), greatest(a, b)) as edges
from edges_given
where a != b and (a in (select node from hubs) or b in (select node from hubs))
