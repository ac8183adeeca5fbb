-- grain: one row per node of a round with the smallest name of its component; a node without an edge left is whole
select
    own.node as node,
    if(above.node is null, own.smallest, above.smallest) as smallest
from {own:Identifier} as own
left join {labels:Identifier} as labels on own.node = labels.node
left join {above:Identifier} as above on labels.label = above.node
