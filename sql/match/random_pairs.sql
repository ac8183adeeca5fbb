-- grain: one row per two records drawn blindly, the same ones at each run
select distinct
    least(one, other) as l,
    greatest(one, other) as r
from (
    select
        toUInt32(sipHash64(number, 1) % {records:UInt32}) as one,
        toUInt32(sipHash64(number, 2) % {records:UInt32}) as other
    from numbers({draws:UInt64})
)
where one != other
