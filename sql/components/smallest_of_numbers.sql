-- grain: one row per component, by its root, with the smallest number in it
select
    roots.label as node,
    min(reinterpretAsInt64(roots.node)) as label
from {roots:Identifier} as roots
group by roots.label
