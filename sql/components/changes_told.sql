-- grain: one row: how many nodes are new and how many have moved
select
    countIf(is_new) as arrived,
    countIf(not is_new) as moved
from changes
