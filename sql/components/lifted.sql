-- grain: one row per new edge, between the components its ends were in; an end nobody knew is its own
select
    if(known_a.node is null, new.a, assumeNotNull(known_a.component)) as a,
    if(known_b.node is null, new.b, assumeNotNull(known_b.component)) as b
from new
left join known as known_a on new.a = known_a.node
left join known as known_b on new.b = known_b.node
