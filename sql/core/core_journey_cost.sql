-- grain: one row per journey, window with a touch whose cost is known, and currency
with windows as (
    select groupArray(window_id) as window_ids
    from (select window_id from seeds.attribution_windows order by position)
),

touched as (
    select
        journey_key,
        kind,
        is_converted,
        converted_date,
        window_starts,
        journey_touch_key,
        place
    from core.core_journey
    array join touch_keys as journey_touch_key, arrayEnumerate(touch_keys) as place
),

-- a window holds the touches from its first one on
costed as (
    select
        touched.journey_key as journey_key,
        touched.kind as kind,
        touched.is_converted as is_converted,
        touched.converted_date as converted_date,
        costs.currency_code as currency_code,
        costs.cost_net_amount as cost_net_amount,
        costs.cost_gross_amount as cost_gross_amount,
        arrayJoin(
            arrayFilter(
                (window_id, start) -> touched.place >= start,
                (select window_ids from windows),
                touched.window_starts
            )
        ) as window_id
    from touched
    inner join core.core_touch_cost as costs on costs.touch_key = touched.journey_touch_key
)

-- one unknown part makes the whole unknown, never smaller
select
    journey_key,
    window_id,
    currency_code,
    any(kind) as kind,
    any(is_converted) as is_converted,
    any(converted_date) as converted_date,
    toUInt32(count()) as touch_count,
    if(countIf(costed.cost_net_amount is null) > 0, null, sum(costed.cost_net_amount)) as cost_net_amount,
    if(countIf(costed.cost_gross_amount is null) > 0, null, sum(costed.cost_gross_amount)) as cost_gross_amount
from costed
group by journey_key, window_id, currency_code
