-- grain: one row per node of a round with its label, to be kept for look-ups
select
    node,
    label
from {labels:Identifier}
