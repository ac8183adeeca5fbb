-- grain: one row per node: the smallest name of its component, by number where all are numbers
select
    substring(names.smallest, {skip:UInt8} + 1) as node,
    substring(answers.smallest, {skip:UInt8} + 1) as component
from {labels:Identifier} as labels
inner join names on labels.node = names.node
inner join {answers:Identifier} as answers on labels.label = answers.node
order by answers.smallest, names.smallest
