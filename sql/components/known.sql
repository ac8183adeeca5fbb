-- grain: one row per node that new edges name and the former answer knows
select
    assumeNotNull(node) as node,
    assumeNotNull(component) as component
from former
where node in (select a from new) or node in (select b from new)
