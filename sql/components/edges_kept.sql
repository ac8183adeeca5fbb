-- grain: one row per edge between nodes of bearable degree; the ends of a cut edge stand by themselves
select
    ends.1 as a,
    ends.2 as b,
    is_cut
from (
    select
        a != b and (a in (select node from hubs) or b in (select node from hubs)) as is_cut,
        arrayJoin(if(is_cut, [(a, a), (b, b)], [(a, b)])) as ends
    from edges_given
)
