-- grain: one row per node that is new or has moved
select
    node,
    component
from changes
