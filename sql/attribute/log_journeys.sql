-- grain: one row per conversion, and one per person whose last touches led to none
with touches as (
    select
        user_id,
        row_number,
        channel,
        toUnixTimestamp64Micro(parseDateTime64BestEffort(touched_at, 6, {zone:String})) as touched_micros,
        lowerUTF8(converted) in ('1', '1.0', 'true', 't', 'yes', 'y', 'да') as is_conversion,
        toInt256(
            toDecimal256(if(value = '' or not is_conversion, '0', value), 18)
            * toDecimal256('1000000000000000000', 0)
        ) as amount
    from attribute.rows_read
),

-- touches of one instant keep the order of the file
people as (
    select
        user_id,
        arraySort(
            groupArray((touched_micros, row_number, toLowCardinality(channel), is_conversion, amount))
        ) as steps,
        arrayFilter(place -> tupleElement(steps[place], 4), arrayEnumerate(steps)) as conversion_places,
        length(steps) as step_count,
        if(empty(conversion_places), 0, conversion_places[-1]) as last_place
    from touches
    group by user_id
),

-- a conversion looks back over everything before it, earlier conversions included
stretches as (
    select
        steps,
        arrayJoin(arrayConcat(
            arrayMap(place -> (toUInt64(1), toUInt64(place), true), conversion_places),
            if(last_place < step_count, [(toUInt64(last_place + 1), toUInt64(step_count), false)], [])
        )) as stretch,
        tupleElement(steps[stretch.2], 1) as end_micros,
        arrayFilter(
            step -> step.3 != ''
            and ({lookback_micros:Int64} = 0 or step.1 > end_micros - {lookback_micros:Int64}),
            arraySlice(steps, stretch.1, stretch.2 - stretch.1 + 1)
        ) as journey
    from people
)

select
    arrayMap(step -> step.3, journey) as channels,
    -- how long before the last touch, in days
    arrayMap(step -> (tupleElement(journey[-1], 1) - step.1) / 86400000000., journey) as ages,
    if(stretch.3, toInt256('1000000000000000000'), toInt256(0)) as conversions,
    if(stretch.3, tupleElement(steps[stretch.2], 5), toInt256(0)) as amount,
    if(stretch.3, toInt256(0), toInt256('1000000000000000000')) as nulls
from stretches
