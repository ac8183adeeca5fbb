-- grain: one row per combination of levels, with the group of its pairs and how many pairs show it
select
    levels,
    any(kin) as group,
    count() as pairs
from {compared:Identifier}
group by levels
