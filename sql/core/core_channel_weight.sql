-- grain: one row per window and step of journeys between channels, or set of channels they went through
with windows_in_order as (
    select groupArray(window_id) as window_ids
    from (select window_id from seeds.attribution_windows order by position)
),

windowed as (
    select
        is_converted,
        window_id,
        arrayFilter(
            (channel, touched, place) -> touched = person_key and place >= start,
            channels,
            touched_persons,
            arrayEnumerate(channels)
        ) as own_channels
    from core.core_journey
    array join
        window_starts as start,
        (select window_ids from windows_in_order) as window_id
    where kind in ('won', 'none')
),

paths as (
    select
        window_id,
        own_channels,
        count() as journeys,
        countIf(is_converted) as conversions
    from windowed
    where notEmpty(own_channels)
    group by window_id, own_channels
),

-- an empty next channel is the journey's end, an empty channel its beginning
steps as (
    select
        window_id,
        [previous, before, following] as names,
        journeys,
        conversions
    from paths
    array join
        arrayPushFront(arrayPushFront(arrayPopBack(own_channels), ''), '') as previous,
        arrayPushFront(own_channels, '') as before,
        arrayPushBack(own_channels, '') as following
)

select
    'step' as part,
    window_id,
    names,
    toFloat64(sum(journeys)) as journeys,
    toFloat64(sum(conversions)) as conversions
from steps
group by window_id, names
union all
select
    'set' as part,
    window_id,
    arraySort(arrayDistinct(own_channels)) as names,
    toFloat64(sum(journeys)) as journeys,
    toFloat64(sum(conversions)) as conversions
from paths
group by window_id, names
