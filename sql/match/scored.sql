-- grain: one row per pair with its weight in bits: log2 of how much likelier one entity is than two, prior included;
-- equal values weigh by how rare they are
select
    compared.l as l,
    compared.r as r,
    {priors:Array(Float64)}[compared.kin]
    + arraySum(
        (level, bits) -> bits[level + 1],
        compared.levels,
        {weights:Array(Array(Array(Float64)))}[compared.kin] -- noqa: LT01
    )
    + arraySum(
        (level, p, q, equal, once, rarity) -> if(
            level = 5, rarity * greatest(-4, least(6, log2((equal + once) / greatest(p, q)))), 0
        ),
        compared.levels,
        one.frequencies,
        arrayMap(place -> other.frequencies[place], compared.places),
        {equal:Array(Float64)},
        {once:Array(Float64)},
        {rarity:Array(Float64)}
    ) as weight
from {compared:Identifier} as compared
inner join records as one on compared.l = one.n
inner join records as other on compared.r = other.n
