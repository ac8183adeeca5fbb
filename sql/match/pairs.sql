-- grain: one row per two records worth comparing: they share a key few have, or two keys many have. Where there are
-- too many, those that share the most, each key by how few have it
with
crowds as (
    select distinct
        block,
        size
    from keys
    where is_name and size > 1
),

-- who has one name is compared in larger blocks as long as that makes few pairs
largest as (
    select greatest({largest:UInt32}, max(size)) as size
    from (
        select
            size,
            sum(size * (size - 1) / 2) over (order by size, block) as pairs
        from crowds
    )
    where pairs <= {spare:UInt64}
),

rare as (
    select
        block,
        n,
        size
    from keys
    where size between 2 and if(is_name, (select size from largest), {largest:UInt32})
),

joint as (
    select
        sipHash64(one.block, other.block) as block,
        one.n as n,
        0 as size
    from keys as one
    inner join keys as other on one.n = other.n
    where one.place < other.place and one.size > {largest:UInt32} and other.size > {largest:UInt32}
),

blocks as (
    select groupUniqArray(n) as members
    from (
        select * from rare
        union all
        select * from joint
    )
    group by block
    having length(members) between 2 and greatest({largest:UInt32}, max(size))
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
