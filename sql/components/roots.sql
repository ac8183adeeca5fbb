-- grain: one row per node with the root of its component; a label that has none in the rounds above is a root itself
select
    labels.node as node,
    dictGetOrDefault({above:String}, 'label', labels.label, labels.label) as label
from {labels:Identifier} as labels
