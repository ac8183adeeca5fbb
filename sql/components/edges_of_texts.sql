-- grain: one row per edge, duplicates kept; a node's id is the hash of its text. An end that is empty is no node:
-- the other end stands by itself
select
    sipHash64(if(given.a = '', given.b, given.a), {salt:UInt64}) as a,
    sipHash64(if(given.b = '', given.a, given.b), {salt:UInt64}) as b
from given
where not (given.a = '' and given.b = '')
