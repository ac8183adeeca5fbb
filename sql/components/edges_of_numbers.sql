-- grain: one row per edge, duplicates kept; a node's id is the number itself. An end that is empty is no node: the
-- other end stands by itself
select
    reinterpretAsUInt64(toInt64OrZero(if(given.a = '', given.b, given.a))) as a,
    reinterpretAsUInt64(toInt64OrZero(if(given.b = '', given.a, given.b))) as b
from given
where not (given.a = '' and given.b = '')
