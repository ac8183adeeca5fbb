-- grain: one row per edge and end of it: that end, and the label of the other one
select
    edges.a as a,
    dictGet({label_of:String}, 'label', edges.b) as b
from {edges:Identifier} as edges
union all
select
    edges.b as a,
    dictGet({label_of:String}, 'label', edges.a) as b
from {edges:Identifier} as edges
