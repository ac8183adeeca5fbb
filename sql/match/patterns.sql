-- grain: one row per combination of levels, with how many pairs show it
select
    levels,
    count() as pairs
from {compared:Identifier}
group by levels
