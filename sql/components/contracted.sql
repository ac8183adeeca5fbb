-- grain: one row per edge between different labels of a round; labels are kept for look-ups: the two joins these
-- stand for would each build a table of all nodes
select distinct
    least(on_left, on_right) as a,
    greatest(on_left, on_right) as b
from (
    select
        joinGet({label_of:String}, 'label', a) as on_left,
        joinGet({label_of:String}, 'label', b) as on_right
    from {edges:Identifier}
    where on_left != on_right
)
