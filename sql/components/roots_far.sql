-- grain: one row per node of a round with the root of its component, four steps from label to label on
with stepped as (
    select
        node,
        dictGet({label_of:String}, 'label', label) as step_2,
        dictGet({label_of:String}, 'label', step_2) as step_3,
        dictGet({label_of:String}, 'label', step_3) as step_4
    from {labels:Identifier}
)

select
    node,
    dictGetOrDefault({above:String}, 'label', step_4, step_4) as label
from stepped
