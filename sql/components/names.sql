-- grain: one row per node with the text it is ordered by: the node itself, behind its padded number if all are numbers
select
    sipHash64(name, {salt:UInt64}) as node,
    min(
        if(
            {whole:Bool},
            concat(leftPad(toString(toInt256OrZero(name) + toInt256(concat('1', repeat('0', 76)))), 78, '0'), name),
            name
        )
    ) as smallest,
    uniqExact(name) as texts
from (select arrayJoin([a, b]) as name from given)
where name != ''
group by node
