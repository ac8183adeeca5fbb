-- grain: one row per node: the smallest number of its component
select
    reinterpretAsInt64(roots.node) as node,
    dictGet({smallest_of:String}, 'label', roots.label) as component
from {roots:Identifier} as roots
