-- grain: one row per state (previous_channel, channel) and next_channel; an empty next_channel is the journey's end
with steps as (
    select
        conversions,
        amount,
        conversions + nulls as weight,
        before as channel,
        if({markov_order:UInt8} = 2, previous, '') as previous_channel,
        next_one as next_channel
    from attribute.journeys
    array join
        arrayPushFront(channels, '') as before,
        arrayPushFront(arrayPushFront(arrayPopBack(channels), ''), '') as previous,
        arrayPushBack(channels, '') as next_one
    where notEmpty(channels) and conversions + nulls > 0
)

select
    previous_channel,
    channel,
    next_channel,
    toFloat64(sum(weight)) / 1e18 as weight,
    toFloat64(sum(conversions)) / 1e18 as conversions,
    toFloat64(sum(amount)) / 1e18 as amount,
    min(amount) < 0 as has_refund
from steps
group by previous_channel, channel, next_channel
order by previous_channel, channel, next_channel
