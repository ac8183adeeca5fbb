-- grain: one row: what the nodes of a former answer of texts look like, and whether it is an answer at all
select
    count() as nodes,
    countIf(not match(node, '^-?[0-9]{1,75}$')) as not_whole,
    countIf(node = '' or component = '') as blank
from former
