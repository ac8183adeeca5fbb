-- grain: one row per distinct path; figures are whole numbers of 10 to the minus 18th
with figures as (
    select
        if(path = '', [], arrayMap(name -> trimBoth(name, ' \t'), splitByChar('>', path))) as channels,
        toDecimal256(total_conversions, 18) as conversions,
        toDecimal256(if(total_conversion_value = '', '0', total_conversion_value), 18) as amount,
        toDecimal256(if(total_null = '', '0', total_null), 18) as nulls
    from attribute.rows_read
),

summed as (
    select
        channels,
        sum(conversions) as conversions,
        sum(amount) as amount,
        sum(nulls) as nulls
    from figures
    group by channels
)

select
    channels,
    -- how long before the last touch, counted in touches
    arrayMap(place -> toFloat64(length(channels) - place), arrayEnumerate(channels)) as ages,
    toInt256(conversions * toDecimal256('1000000000000000000', 0)) as conversions,
    toInt256(amount * toDecimal256('1000000000000000000', 0)) as amount,
    toInt256(nulls * toDecimal256('1000000000000000000', 0)) as nulls
from summed
