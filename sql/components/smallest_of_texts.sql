-- grain: one row per component, by its root, with the smallest name in it
select
    roots.label as node,
    min(names.smallest) as label
from {roots:Identifier} as roots
inner join names on roots.node = names.node
group by roots.label
