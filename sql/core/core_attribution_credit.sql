-- grain: one row per won deal and touch credited for it, and one unattributed row per won deal
with won as (
    select
        deal_key,
        person_key,
        won_at,
        won_date,
        currency_code,
        vat_basis,
        revenue_amount,
        toInt128(toDecimal128(revenue_amount, 2) * 100) as kopecks
    from core.core_deal
    where status = 'won'
),

-- no touch after the win; a touch at the instant of the win is before it
touches_before as (
    select
        won.*,
        touches.touch_key as touch_key,
        touches.touched_at as touched_at,
        touches.touch_date as touch_date,
        touches.channel as channel,
        touches.source_label as source_label,
        touches.campaign_id as campaign_id,
        touches.touched_at > subtractDays(
            won.won_at, (select window_days from seeds.attribution_models where model_id = 'first')
        ) as is_in_first,
        touches.touched_at > subtractDays(
            won.won_at, (select window_days from seeds.attribution_models where model_id = 'last')
        ) as is_in_last,
        touches.touched_at > subtractDays(
            won.won_at, (select window_days from seeds.attribution_models where model_id = 'linear')
        ) as is_in_linear
    from won
    inner join core.core_touch as touches on touches.person_key = won.person_key
    where touches.touched_at <= won.won_at
),

placed as (
    select
        *,
        row_number() over (partition by deal_key, is_in_first order by touched_at asc, touch_key asc) as place_first,
        row_number() over (partition by deal_key, is_in_last order by touched_at desc, touch_key desc) as place_last,
        row_number() over (partition by deal_key, is_in_linear order by touched_at asc, touch_key asc) as place_linear,
        toInt128(count() over (partition by deal_key, is_in_linear)) as touch_count
    from touches_before
    where is_in_first or is_in_last or is_in_linear
),

-- equal parts leave equal remainders: the earliest touches take one kopeck more until all is given
credited as (
    select
        *,
        toInt128(is_in_first and place_first = 1) as whole_first,
        toInt128(is_in_last and place_last = 1) as whole_last,
        toInt128(1000000000000) as parts,
        if(
            is_in_linear,
            intDiv(parts, touch_count) + (place_linear <= parts % touch_count),
            0
        ) as parts_linear,
        if(
            is_in_linear,
            intDiv(kopecks - positiveModulo(kopecks, touch_count), touch_count)
            + (place_linear <= positiveModulo(kopecks, touch_count)),
            0
        ) as kopecks_linear
    from placed
),

attributed as (
    select
        deal_key,
        max(whole_first) as whole_first,
        max(whole_last) as whole_last,
        max(is_in_linear) as is_linear
    from credited
    group by deal_key
),

-- what no touch took stays in sight instead of vanishing
unattributed as (
    select
        won.*,
        toInt128(ifNull(attributed.whole_first, 0) = 0) as whole_first,
        toInt128(ifNull(attributed.whole_last, 0) = 0) as whole_last,
        toInt128(ifNull(attributed.is_linear, 0) = 0) as whole_linear
    from won
    left join attributed on attributed.deal_key = won.deal_key
),

rows_of_both as (
    select
        deal_key,
        touch_key,
        true as is_attributed,
        person_key,
        channel,
        source_label,
        campaign_id,
        toNullable(touched_at) as touched_at,
        toNullable(touch_date) as touch_date,
        won_at,
        won_date,
        currency_code,
        vat_basis,
        revenue_amount,
        whole_first * 1000000000000 as parts_first,
        whole_last * 1000000000000 as parts_last,
        toInt128(parts_linear) as parts_linear,
        kopecks * whole_first as kopecks_first,
        kopecks * whole_last as kopecks_last,
        if(kopecks is null, null, kopecks_linear) as kopecks_linear
    from credited
    union all
    select
        deal_key,
        '' as touch_key,
        false as is_attributed,
        person_key,
        'unattributed' as channel,
        null as source_label,
        null as campaign_id,
        null as touched_at,
        null as touch_date,
        won_at,
        won_date,
        currency_code,
        vat_basis,
        revenue_amount,
        whole_first * 1000000000000 as parts_first,
        whole_last * 1000000000000 as parts_last,
        whole_linear * 1000000000000 as parts_linear,
        kopecks * whole_first as kopecks_first,
        kopecks * whole_last as kopecks_last,
        kopecks * whole_linear as kopecks_linear
    from unattributed
)

select
    deal_key,
    touch_key,
    is_attributed,
    person_key,
    channel,
    source_label,
    campaign_id,
    touched_at,
    touch_date,
    won_at,
    won_date,
    currency_code,
    vat_basis,
    revenue_amount,
    cast(toDecimal128(parts_first, 12) / 1000000000000 as Decimal(18, 12)) as credit_share_first,
    cast(toDecimal128(parts_last, 12) / 1000000000000 as Decimal(18, 12)) as credit_share_last,
    cast(toDecimal128(parts_linear, 12) / 1000000000000 as Decimal(18, 12)) as credit_share_linear,
    cast(toDecimal128(kopecks_first, 2) / 100 as Nullable(Decimal(18, 2))) as revenue_first_amount,
    cast(toDecimal128(kopecks_last, 2) / 100 as Nullable(Decimal(18, 2))) as revenue_last_amount,
    cast(toDecimal128(kopecks_linear, 2) / 100 as Nullable(Decimal(18, 2))) as revenue_linear_amount
from rows_of_both
