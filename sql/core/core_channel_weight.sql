-- grain: one row per window and step of journeys between channels, set of channels they went through, or known weight
with newest as (
    select max((as_of, build_id)) as newest_learned
    from ops.learned_channel_weight
    where as_of < {as_of:DateTime64(6,'UTC')}
),

known as (
    select
        model_id,
        window_id,
        channel,
        weight,
        standard_error,
        as_of as learned_at,
        build_id,
        journey_count,
        known_channels
    from ops.learned_channel_weight
    where (as_of, build_id) in (select newest_learned from newest)
),

-- learned anew in each month, by other SQL, from a tenth more or fewer journeys, and when a channel is new:
-- in between a figure moves for its own journey's sake alone
remembered as (
    select
        count() > 0
        and toStartOfMonth(toDate(any(learned_at), {business_zone:String}))
        = toStartOfMonth(toDate({as_of:DateTime64(6,'UTC')}, {business_zone:String}))
        and 10 * abs(
            toInt64((select count() from core.core_journey where kind in ('won', 'none')))
            - toInt64(any(journey_count))
        ) <= toInt64(any(journey_count))
        and hasAll(
            any(known_channels),
            (select groupArray(toString(channel)) from (select distinct channel from core.core_touch))
        )
        and (
            select uniqExact(sql_hash) = 1 and uniqExact(build_id) = 2
            from ops.build_log
            where event = 'pinned' and (build_id = {build_id:String} or build_id in (select build_id from known))
        ) as is_valid
    from known
),

windows_in_order as (
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
    where kind in ('won', 'none') and not (select is_valid from remembered)
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
    where kind in ('won', 'none') and not (select is_valid from remembered)
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
    toFloat64(conversions_here) as conversions,
    {as_of:DateTime64(6,'UTC')} as _learned_at
from parts
array join
    (select window_ids from windows_in_order) as window_id,
    parts.journeys as journeys_here,
    parts.conversions as conversions_here
where journeys_here > 0
union all
select
    'weight' as part,
    window_id,
    [toString(model_id), toString(channel), toString(weight), ifNull(toString(standard_error), '')] as names,
    0. as journeys,
    0. as conversions,
    learned_at
from known
where (select is_valid from remembered)
