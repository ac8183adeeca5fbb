-- grain: one row per node: the smallest name of its component, by number where all are numbers
select
    substring(names.smallest, {skip:UInt8} + 1) as node,
    substring(dictGet({smallest_of:String}, 'label', roots.label), {skip:UInt8} + 1) as component
from {roots:Identifier} as roots
inner join names on roots.node = names.node
order by names.smallest
