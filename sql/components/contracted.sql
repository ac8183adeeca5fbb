-- grain: one row per edge that ends in different labels, by look-ups: the two joins these stand for would each build a
-- table of all nodes. Edges that became one are still several: at first they are few, and the next round makes one
select
    least(on_left, on_right) as a,
    greatest(on_left, on_right) as b
from (
    select
        dictGet({label_of:String}, 'label', a) as on_left,
        dictGet({label_of:String}, 'label', b) as on_right
    from {edges:Identifier}
    where on_left != on_right
)
