-- grain: one row per record and key it can be found by, with how many records share the key
select
    n,
    place,
    sipHash64(space, key) as block,
    startsWith(key, '=') and has({naming:Array(UInt8)}, place) as is_name,
    count() over (partition by block) as size
from file({path:String}, 'Parquet', 'n UInt32, place UInt8, space UInt8, key String')
