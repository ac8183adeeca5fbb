-- grain: one row per edge between different labels of a round, four steps from label to label on
with stepped as (
    select
        dictGet({label_of:String}, 'label', a) as left_1,
        dictGet({label_of:String}, 'label', left_1) as left_2,
        dictGet({label_of:String}, 'label', left_2) as left_3,
        dictGet({label_of:String}, 'label', left_3) as left_4,
        dictGet({label_of:String}, 'label', b) as right_1,
        dictGet({label_of:String}, 'label', right_1) as right_2,
        dictGet({label_of:String}, 'label', right_2) as right_3,
        dictGet({label_of:String}, 'label', right_3) as right_4
    from {edges:Identifier}
)

select
    least(left_4, right_4) as a,
    greatest(left_4, right_4) as b
from stepped
where left_4 != right_4
group by a, b
