-- grain: one row per edge between different labels of a round
select distinct
    least(on_left, on_right) as a,
    greatest(on_left, on_right) as b
from (
    select
        left_label.label as on_left,
        right_label.label as on_right
    from {edges:Identifier} as edges
    inner join {labels:Identifier} as left_label on edges.a = left_label.node
    inner join {labels:Identifier} as right_label on edges.b = right_label.node
    where left_label.label != right_label.label
)
