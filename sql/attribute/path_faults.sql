-- grain: one row per cell of a file of paths that cannot be read
with figures as (
    select
        row_number,
        figure.1 as column_name,
        figure.2 as cell,
        figure.3 as is_count
    from attribute.rows_read
    array join [
        ('total_conversions', total_conversions, true),
        ('total_conversion_value', total_conversion_value, false),
        ('total_null', total_null, true)
    ] as figure
),

read_figures as (
    select
        *,
        match(cell, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$') as is_number,
        if(is_number, toDecimal256OrNull(cell, 18), null) as figure
    from figures
    where cell != '' or column_name = 'total_conversions'
)

select
    row_number,
    column_name,
    cell,
    multiIf(
        not is_number, 'write a plain number with a decimal point, such as 1250.50',
        ifNull(abs(figure) >= 1000000000000000000, true), 'write a number below 10 to the 18th',
        'a count is never negative: write 0 or more'
    ) as cure
from read_figures
where figure is null or abs(figure) >= 1000000000000000000 or (is_count and figure < 0)
union all
select
    row_number,
    'path' as column_name,
    path as cell,
    'write > alone between touches' as cure
from attribute.rows_read
where match(path, '[-=]>|→')
union all
select
    row_number,
    'path' as column_name,
    path as cell,
    'name every touch between the signs, or delete the superfluous > sign' as cure
from attribute.rows_read
where path != '' and arrayExists(name -> trimBoth(name, ' \t') = '', splitByChar('>', path))
union all
select
    row_number,
    'path' as column_name,
    path as cell,
    'rename this channel: the result keeps that name for what no touch earned' as cure
from attribute.rows_read
where arrayExists(name -> trimBoth(name, ' \t') = 'unattributed', splitByChar('>', path))
