-- grain: one row per node that is new, or whose component is another one than in the former answer
select
    answer.node as node,
    answer.component as component,
    true as is_new
from answer
where answer.node not in (select component from known)
union all
select
    assumeNotNull(former.node) as node,
    moved.component as component,
    false as is_new
from former
inner join (select node, component from answer where node != component) as moved on former.component = moved.node
