-- grain: one row: the number of ids that two texts share
select countIf(texts > 1) as clashes
from names
