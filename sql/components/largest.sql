-- grain: one row: the largest node, and how many edges there are
select
    max(greatest(a, b)) as largest,
    count() as edges
from {edges:Identifier}
