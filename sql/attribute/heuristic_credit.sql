-- grain: one row per model and channel; an empty channel is what no touch earned; unit 10 to the minus 36th
with measured as (
    select
        channels,
        conversions,
        amount,
        length(channels) as touch_count,
        arrayMap(age -> exp2(-age / {half_life:Float64}), ages) as weights,
        arrayMap(
            weight -> toInt64(floor(weight / arraySum(weights) * 1000000000000000000)), weights
        ) as decay_parts,
        arrayMap(nth -> nth = 1, arrayEnumerateUniq(channels)) as is_first_of_channel,
        -- one place past the last touch stands for nobody's touch
        greatest(touch_count, 1) as place_last,
        arrayLastIndex(name -> name != {direct:String}, channels) as place_named,
        if(place_named = 0, place_last, place_named) as place_last_non_direct,
        arrayLastIndex(name -> has({paid:Array(String)}, name), channels) as found_last_paid,
        if(found_last_paid = 0, touch_count + 1, found_last_paid) as place_last_paid,
        arrayFirstIndex(name -> has({paid:Array(String)}, name), channels) as found_first_paid,
        if(found_first_paid = 0, touch_count + 1, found_first_paid) as place_first_paid
    from attribute.journeys
    where conversions != 0 or amount != 0
),

touches as (
    select
        channel,
        place,
        conversions,
        amount,
        touch_count,
        place_last,
        place_last_non_direct,
        place_last_paid,
        place_first_paid,
        decay,
        is_new,
        new_rank,
        greatest(toInt64(arraySum(is_first_of_channel)), 1) as channel_count,
        toInt64(arraySum(decay_parts)) as decay_given,
        greatest(toInt64(touch_count), 1) as linear_count,
        greatest(toInt64(touch_count) - 2, 1) as middle_count,
        toInt64(1000000000000000000) as whole
    from measured
    array join
        arrayPushBack(channels, '') as channel,
        arrayEnumerate(arrayPushBack(channels, '')) as place,
        arrayPushBack(decay_parts, toInt64(0)) as decay,
        arrayPushBack(is_first_of_channel, 0) as is_new,
        arrayPushBack(arrayCumSum(is_first_of_channel), toUInt64(0)) as new_rank
),

-- parts of 10 to the 18th that add up to exactly that; what division leaves goes to the earliest
shared as (
    select
        channel,
        conversions,
        amount,
        if(place = 1, whole, 0) as first_parts,
        if(place = place_last, whole, 0) as last_parts,
        if(place = place_last_non_direct, whole, 0) as last_non_direct_parts,
        if(place = place_last_paid, whole, 0) as last_paid_parts,
        if(place = place_first_paid, whole, 0) as first_paid_parts,
        multiIf(
            touch_count = 0, whole,
            place > touch_count, 0,
            intDiv(whole, linear_count) + (place <= whole % linear_count)
        ) as linear_parts,
        multiIf(
            touch_count = 0, whole,
            not is_new, 0,
            intDiv(whole, channel_count) + (new_rank <= whole % channel_count)
        ) as linear_unique_parts,
        multiIf(
            touch_count = 0, whole,
            place = touch_count, decay + whole - decay_given,
            decay
        ) as time_decay_parts,
        multiIf(
            touch_count <= 1, if(place = 1, whole, 0),
            place > touch_count, 0,
            touch_count = 2, intDiv(whole, 2),
            place = 1 or place = touch_count, intDiv(whole, 5) * 2,
            intDiv(intDiv(whole, 5), middle_count) + (place - 1 <= intDiv(whole, 5) % middle_count)
        ) as position_based_parts
    from touches
),

summed as (
    select
        channel,
        arrayJoin([
            ('first', sum(conversions * first_parts), sum(amount * first_parts)),
            ('last', sum(conversions * last_parts), sum(amount * last_parts)),
            (
                'last_non_direct',
                sum(conversions * last_non_direct_parts),
                sum(amount * last_non_direct_parts)
            ),
            ('last_paid', sum(conversions * last_paid_parts), sum(amount * last_paid_parts)),
            ('first_paid', sum(conversions * first_paid_parts), sum(amount * first_paid_parts)),
            ('linear', sum(conversions * linear_parts), sum(amount * linear_parts)),
            (
                'linear_unique',
                sum(conversions * linear_unique_parts),
                sum(amount * linear_unique_parts)
            ),
            ('time_decay', sum(conversions * time_decay_parts), sum(amount * time_decay_parts)),
            (
                'position_based',
                sum(conversions * position_based_parts),
                sum(amount * position_based_parts)
            )
        ]) as credit
    from shared
    group by channel
)

select
    credit.1 as model,
    channel,
    toString(credit.2) as conversions,
    toString(credit.3) as amount
from summed
