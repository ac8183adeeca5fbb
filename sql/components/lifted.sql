-- grain: one row per new edge, between the components its ends were in; an end nobody knew is its own
select
    if(known_a.node is null, given.a, assumeNotNull(known_a.component)) as a,
    if(known_b.node is null, given.b, assumeNotNull(known_b.component)) as b
from given
left join known as known_a on given.a = known_a.node
left join known as known_b on given.b = known_b.node
