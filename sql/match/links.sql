-- grain: one row per pair above the floor
select
    l,
    r,
    weight
from scored
where weight > {floor:Float64}
order by l, r
