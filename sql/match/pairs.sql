-- grain: one row per two records worth comparing: they share a key few have, or two keys many have. Where there are
-- too many, those that share the most, each key by how few have it
with
rare as (
    select block, n from keys where size between 2 and {largest:UInt32}
),

joint as (
    select
        sipHash64(one.block, other.block) as block,
        one.n as n
    from keys as one
    inner join keys as other on one.n = other.n
    where one.place < other.place and one.size > {largest:UInt32} and other.size > {largest:UInt32}
),

blocks as (
    select groupUniqArray(n) as members
    from (
        select block, n from rare
        union all
        select block, n from joint
    )
    group by block
    having length(members) between 2 and {largest:UInt32}
),

linked as (
    select
        arrayJoin(members) as l,
        arrayJoin(arrayFilter(x -> x > l, members)) as r,
        1 / length(members) as share
    from blocks
)

select
    linked.l as l,
    linked.r as r
from linked
inner join records as one on linked.l = one.n
inner join records as other on linked.r = other.n
where (one.source = other.source) = {within:Bool}
group by l, r
order by sum(linked.share) desc, l, r
limit {most:UInt64}
