-- grain: one row: what the ends of the edges look like
select
    countIf(a = '' or b = '') as blank,
    countIf(a != '' and toString(toInt64OrZero(a)) != a or b != '' and toString(toInt64OrZero(b)) != b) as beyond_int64
from given
where not (a = '' and b = '')
