-- grain: one row: how many edges have an end that is no whole number, however long
select countIf(not match(a, '^(-?[0-9]{1,75})?$') or not match(b, '^(-?[0-9]{1,75})?$')) as not_whole
from given
where not (a = '' and b = '')
