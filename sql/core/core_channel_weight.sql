-- grain: one row per window and step of journeys between channels, or set of channels they went through
with windows_in_order as (
    select groupArray(window_id) as window_ids
    from (select window_id from seeds.attribution_windows order by position)
),

-- a channel is its letter, so that a path is a short text; no channel is the letter 0
letters as (
    select
        arraySort(groupUniqArrayArray(arrayMap(name -> toString(name), channels))) as names,
        throwIf(length(names) > 255, 'more than 255 channels: let the rules of channels give fewer') as too_many,
        arrayMap(place -> char(place + too_many), arrayEnumerate(names)) as letters_of_names
    from core.core_journey
    where kind in ('won', 'none')
),

spelled as (
    select
        is_converted,
        arrayMap(
            (channel, touched) -> if(
                touched = person_key,
                transform(toString(channel), (select names from letters), (select letters_of_names from letters), ''),
                ''
            ),
            channels,
            touched_persons
        ) as spelling,
        window_starts
    from core.core_journey
    where kind in ('won', 'none')
),

-- windows that begin alike hold the same path
paths as (
    select
        path,
        sumForEach(arrayMap(begin -> toUInt64(begin = start), window_starts)) as journeys,
        sumForEach(arrayMap(begin -> toUInt64(begin = start and is_converted), window_starts)) as conversions
    from (
        select
            is_converted,
            window_starts,
            start,
            arrayStringConcat(arraySlice(spelling, start)) as path
        from spelled
        array join arrayDistinct(window_starts) as start
    )
    where path != ''
    group by path
),

lettered as (
    select
        journeys,
        conversions,
        path,
        arrayMap(place -> substring(path, place, 1), range(1, length(path) + 1)) as touched
    from paths
),

-- an empty next channel is the journey's end, an empty channel its beginning
steps as (
    select
        concat(previous, ',', before, ',', following) as step,
        [previous, before, following] as letters_of_step,
        sumForEach(journeys) as journeys,
        sumForEach(conversions) as conversions
    from lettered
    array join
        arrayPushFront(arrayPushFront(arrayPopBack(touched), ''), '') as previous,
        arrayPushFront(touched, '') as before,
        arrayPushBack(touched, '') as following
    group by previous, before, following
),

sets as (
    select
        arraySort(arrayDistinct(touched)) as letters_of_set,
        sumForEach(journeys) as journeys,
        sumForEach(conversions) as conversions
    from lettered
    group by letters_of_set
),

parts as (
    select 'step' as part, letters_of_step as spelling, journeys, conversions
    from steps
    union all
    select 'set' as part, letters_of_set as spelling, journeys, conversions
    from sets
)

select
    part,
    window_id,
    arrayMap(
        letter -> transform(letter, (select letters_of_names from letters), (select names from letters), ''), spelling
    ) as names,
    toFloat64(journeys_here) as journeys,
    toFloat64(conversions_here) as conversions
from parts
array join
    (select window_ids from windows_in_order) as window_id,
    parts.journeys as journeys_here,
    parts.conversions as conversions_here
where journeys_here > 0
