-- grain: one row per node that new edges name and the former answer knows
select
    assumeNotNull(node) as node,
    assumeNotNull(component) as component
from former
where node in (select arrayJoin([a, b]) from given)
