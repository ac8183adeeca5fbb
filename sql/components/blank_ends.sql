-- grain: one row: how many edges of integers have one end
select countIf((a is null) != (b is null)) as blank
from given
