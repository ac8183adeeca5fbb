-- grain: one row: how many rows of a former answer of integers lack a cell
select countIf(node is null or component is null) as blank
from former
