-- grain: one row per record, arrays by column
select
    n,
    source,
    texts,
    words,
    lengths,
    frequencies
from file({path:String}, 'Parquet', 'n UInt32, source UInt8, texts Array(String), words Array(Array(UInt64)), lengths Array(Float64), frequencies Array(Float64)') -- noqa: LT05
