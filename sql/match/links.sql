-- grain: one row per pair that can decide which clusters join: each of its records has a pair that is enough
with
joinable as (
    select arrayJoin([l, r]) as n
    from {scored:Identifier}
    where weight > {enough:Float64}
)

select
    l,
    r,
    weight
from {scored:Identifier}
where weight > {floor:Float64} and l in (select n from joinable) and r in (select n from joinable)
order by l, r
