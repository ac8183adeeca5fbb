-- grain: one row per node: the smallest number of its component
select
    reinterpretAsInt64(labels.node) as node,
    answers.smallest as component
from {labels:Identifier} as labels
inner join {answers:Identifier} as answers on labels.label = answers.node
order by component, node
