-- grain: one row per set of channels that journeys went through
select
    arraySort(arrayDistinct(channels)) as names,
    toFloat64(sum(conversions)) / 1e18 as conversions,
    toFloat64(sum(amount)) / 1e18 as amount,
    toFloat64(sum(conversions + nulls)) / 1e18 as journeys
from attribute.journeys
where notEmpty(channels)
group by names
order by names
