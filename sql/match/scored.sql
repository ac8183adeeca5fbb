-- grain: one row per pair with its weight in bits: log2 of how much likelier one entity is than two, prior included.
-- Equal values weigh by how rare the value is
select
    compared.l as l,
    compared.r as r,
    {prior:Float64} + arraySum(
        (level, column, p, q) -> {weights:Array(Array(Float64))}[column][level + 1]
            + if(level = 5, {rarity:Array(Float64)}[column] * greatest(-4, least(6, log2({equal:Array(Float64)}[column] / greatest(p, q)))), 0), -- noqa: LT05
        compared.levels,
        arrayEnumerate(compared.levels),
        one.frequencies,
        arrayMap(place -> other.frequencies[place], compared.places)
    ) as weight
from compared
inner join records as one on compared.l = one.n
inner join records as other on compared.r = other.n
