-- grain: one row per record of a file, as it was read
select * from {given:Identifier} -- noqa: AM04
