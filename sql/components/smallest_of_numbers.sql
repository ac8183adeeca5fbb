-- grain: one row per label of the first round with the smallest number under it
select
    label as node,
    min(reinterpretAsInt64(labels.node)) as smallest
from {labels:Identifier} as labels
group by label
