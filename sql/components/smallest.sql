-- grain: one row per label of a round with the smallest name under it
select
    labels.label as node,
    min(below.smallest) as smallest
from {labels:Identifier} as labels
inner join {below:Identifier} as below on labels.node = below.node
group by labels.label
