-- grain: one row per file, its totals; whole numbers of 10 to the minus 18th
select
    toString(sum(conversions)) as conversions,
    toString(sum(amount)) as amount,
    toString(sumIf(conversions, empty(channels))) as conversions_without_touch,
    toString(sumIf(amount, empty(channels))) as amount_without_touch,
    sumIf(nulls, notEmpty(channels)) > 0 as has_nulls,
    arraySort(groupUniqArrayArray(channels)) as channels
from attribute.journeys
