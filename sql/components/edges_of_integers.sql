-- grain: one row per edge, duplicates kept; a node's id is the integer itself. An end that is missing is no node: the
-- other end stands by itself
select
    reinterpretAsUInt64(assumeNotNull(if(given.a is null, given.b, given.a))) as a,
    reinterpretAsUInt64(assumeNotNull(if(given.b is null, given.a, given.b))) as b
from given
where not (given.a is null and given.b is null)
