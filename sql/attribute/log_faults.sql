-- grain: one row per cell of a touch log that cannot be read
with cells as (
    select
        *,
        match(value, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$') as is_number,
        if(is_number, toDecimal256OrNull(value, 18), null) as amount,
        match(
            touched_at,
            '^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
            || '([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?'
            || '( ?(Z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?)?|[0-9]{10}([.][0-9]{1,9})?|[0-9]{13}|[0-9]{16})$'
        ) as is_instant
    from attribute.rows_read
),

faults as (
    select
        row_number,
        arrayJoin(arrayFilter(fault -> fault.1 != '', [
            if(
                user_id = '',
                ('user_id', user_id, 'say whose touch it is, or delete the row'),
                ('', '', '')
            ),
            if(
                not is_instant
                or parseDateTime64BestEffortOrNull(touched_at, 6, {zone:String}) is null
                or toYear(parseDateTime64BestEffortOrNull(touched_at, 6, {zone:String})) not between 1900 and 2261,
                ('touched_at', touched_at, 'write an instant such as 2026-03-01 12:30:00 or 2026-03-01T12:30:00+03:00'),
                ('', '', '')
            ),
            if(
                channel = 'unattributed',
                ('channel', channel, 'rename this channel: the result keeps that name for what no touch earned'),
                ('', '', '')
            ),
            if(
                lowerUTF8(converted) not in (
                    '1', '0', '1.0', '0.0', 'true', 'false', 't', 'f', 'yes', 'no', 'y', 'n', 'да', 'нет', ''
                ),
                ('converted', converted, 'write 1 where the person converted at this touch, else 0'),
                ('', '', '')
            ),
            if(
                value != '' and (amount is null or abs(amount) >= 1000000000000000000),
                ('value', value, 'write a plain number below 10 to the 18th with a decimal point, such as 1250.50'),
                ('', '', '')
            )
        ])) as fault
    from cells
)

select
    row_number,
    fault.1 as column_name,
    fault.2 as cell,
    fault.3 as cure
from faults
union all
-- every conversion looks back over all touches of its person, so robots would cost their square
select
    min(row_number) as row_number,
    'user_id' as column_name,
    user_id as cell,
    concat(
        'has ', toString(count()), ' touches and ',
        toString(countIf(lowerUTF8(converted) in ('1', '1.0', 'true', 't', 'yes', 'y', 'да'))),
        ' conversions, more than a person can: give each person an id, or delete these rows'
    ) as cure
from attribute.rows_read
where user_id != ''
group by user_id
having count() * countIf(lowerUTF8(converted) in ('1', '1.0', 'true', 't', 'yes', 'y', 'да')) > 10000000
