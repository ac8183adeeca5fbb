-- grain: one row: how many edges the joins with the former answer made too many: none, unless it names a node twice
select (select count() from lifted) - (select count() from given) as repeated
