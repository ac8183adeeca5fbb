-- grain: one row per day, channel and currency
with defaults as (
    select any(position) as position from seeds.attribution_windows where is_default
),

spend as (
    select
        stats_date,
        channel,
        currency_code,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        -- one unknown part makes the whole unknown, never smaller
        if(countIf(costs.cost_net_amount is null) > 0, null, sum(costs.cost_net_amount)) as cost_net_amount,
        if(countIf(costs.cost_gross_amount is null) > 0, null, sum(costs.cost_gross_amount)) as cost_gross_amount
    from core.core_ad_spend_daily as costs
    group by stats_date, channel, currency_code
),

leads as (
    select
        assumeNotNull(created_date) as stats_date,
        channel,
        currency_code,
        count() as leads
    from core.core_lead
    where created_date is not null
    group by created_date, channel, currency_code
),

-- money nobody knows is an empty array, and must not become zero
in_default_window as (
    select
        assumeNotNull(converted_date) as stats_date,
        channel,
        currency_code,
        vat_basis,
        shares_first[(select position from defaults)] as share_first,
        shares_last[(select position from defaults)] as share_last,
        shares_linear[(select position from defaults)] as share_linear,
        if(empty(amounts_first), null, amounts_first[(select position from defaults)]) as amount_first,
        if(empty(amounts_last), null, amounts_last[(select position from defaults)]) as amount_last,
        if(empty(amounts_linear), null, amounts_linear[(select position from defaults)]) as amount_linear
    from core.core_attribution_credit
    where kind = 'won' and converted_date is not null
),

credit as (
    select
        stats_date,
        channel,
        currency_code,
        countIf(share_last = 1) as deals_won,
        sum(amount_first) as revenue_first_amount,
        sum(amount_last) as revenue_last_amount,
        sum(amount_linear) as revenue_linear_amount,
        if(uniqExact(vat_basis) = 1, any(vat_basis), 'mixed') as revenue_vat_basis
    from in_default_window
    where share_first > 0 or share_last > 0 or share_linear > 0
    group by stats_date, channel, currency_code
),

-- each part is already one row per key, so that no join can multiply money
keys as (
    select stats_date, channel, currency_code from spend
    union distinct
    select stats_date, channel, currency_code from leads
    union distinct
    select stats_date, channel, currency_code from credit
),

joined as (
    select
        keys.stats_date as stats_date,
        keys.channel as channel,
        keys.currency_code as currency_code,
        spend.impressions as impressions,
        spend.clicks as clicks,
        spend.cost_net_amount as cost_net_amount,
        spend.cost_gross_amount as cost_gross_amount,
        ifNull(leads.leads, 0) as leads,
        ifNull(credit.deals_won, 0) as deals_won,
        credit.revenue_first_amount as revenue_first_amount,
        credit.revenue_last_amount as revenue_last_amount,
        credit.revenue_linear_amount as revenue_linear_amount,
        credit.revenue_vat_basis as revenue_vat_basis,
        multiIf(
            credit.revenue_vat_basis in ('net', 'none'), spend.cost_net_amount,
            credit.revenue_vat_basis = 'gross', spend.cost_gross_amount,
            null
        ) as comparable_cost_amount
    from keys
    left join spend
        on spend.stats_date = keys.stats_date
        and spend.channel = keys.channel
        and spend.currency_code = keys.currency_code
    left join leads
        on leads.stats_date = keys.stats_date
        and leads.channel = keys.channel
        and leads.currency_code = keys.currency_code
    left join credit
        on credit.stats_date = keys.stats_date
        and credit.channel = keys.channel
        and credit.currency_code = keys.currency_code
)

select
    stats_date,
    channel,
    currency_code,
    impressions,
    clicks,
    cost_net_amount,
    cost_gross_amount,
    leads,
    deals_won,
    revenue_first_amount,
    revenue_last_amount,
    revenue_linear_amount,
    revenue_vat_basis,
    round(toDecimal128(cost_net_amount, 12) / nullIf(leads, 0), 6) as cpl_all,
    round(toDecimal128(cost_net_amount, 12) / nullIf(deals_won, 0), 6) as cpo_won,
    round(toDecimal128(revenue_last_amount, 12) / nullIf(comparable_cost_amount, 0), 6) as roas_last_touch,
    round(toDecimal128(comparable_cost_amount, 12) / nullIf(revenue_last_amount, 0), 6) as drr_last_touch
from joined
