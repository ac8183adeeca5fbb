-- grain: one row per currency, paid channel and model
with spans as (
    select currency_code, channel, date_from, date_to, cost_amount, vat_basis
    from core.core_media_mix
),

-- by the day of the touch, as a day's spend makes them; a channel no model credits has 0
credited as (
    select
        spans.currency_code as currency_code,
        spans.channel as channel,
        credit.model as model_id,
        sum(credit.credit) as deals,
        sum(credit.revenue_amount) as revenue_amount
    from mart.mart_attribution_daily_all_models as credit
    inner join spans on spans.currency_code = credit.currency_code and spans.channel = credit.channel
    where
        credit.mode = 'accrual'
        and credit.window in (select window_id from seeds.attribution_windows where is_default)
        and credit.stats_date >= spans.date_from
        and credit.stats_date < spans.date_to
    group by spans.currency_code, spans.channel, credit.model
),

modelled as (
    select
        currency_code,
        channel,
        'media_mix' as model_id,
        toNullable(deals) as deals,
        toNullable(deals_low) as deals_low,
        toNullable(deals_high) as deals_high,
        toNullable(revenue_amount) as revenue_amount,
        toNullable(revenue_low_amount) as revenue_low_amount,
        toNullable(revenue_high_amount) as revenue_high_amount,
        toNullable(roas) as roas,
        toNullable(roas_low) as roas_low,
        toNullable(roas_high) as roas_high
    from core.core_media_mix
    union all
    select
        spans.currency_code as currency_code,
        spans.channel as channel,
        models.model_id as model_id,
        toNullable(toDecimal64(ifNull(credited.deals, 0), 2)) as deals,
        cast(null as Nullable(Decimal(18, 2))) as deals_low,
        cast(null as Nullable(Decimal(18, 2))) as deals_high,
        toNullable(toDecimal64(ifNull(credited.revenue_amount, 0), 2)) as revenue_amount,
        cast(null as Nullable(Decimal(18, 2))) as revenue_low_amount,
        cast(null as Nullable(Decimal(18, 2))) as revenue_high_amount,
        toNullable(toDecimal64(ifNull(credited.revenue_amount, 0) / nullIf(spans.cost_amount, 0), 4)) as roas,
        cast(null as Nullable(Decimal(18, 4))) as roas_low,
        cast(null as Nullable(Decimal(18, 4))) as roas_high
    from spans
    cross join (select model_id from seeds.attribution_models) as models
    left join credited
        on credited.currency_code = spans.currency_code
        and credited.channel = spans.channel
        and credited.model_id = models.model_id
)

select
    modelled.currency_code as currency_code,
    modelled.channel as channel,
    modelled.model_id as model_id,
    spans.date_from as date_from,
    spans.date_to as date_to,
    spans.cost_amount as cost_amount,
    spans.vat_basis as vat_basis,
    modelled.deals as deals,
    modelled.deals_low as deals_low,
    modelled.deals_high as deals_high,
    modelled.revenue_amount as revenue_amount,
    modelled.revenue_low_amount as revenue_low_amount,
    modelled.revenue_high_amount as revenue_high_amount,
    modelled.roas as roas,
    modelled.roas_low as roas_low,
    modelled.roas_high as roas_high
from modelled
inner join spans on spans.currency_code = modelled.currency_code and spans.channel = modelled.channel
