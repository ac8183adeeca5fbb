-- grain: one row: how many rows a former answer has too many, among the nodes that new edges name
select count() - uniqExact(node) as repeated
from known
