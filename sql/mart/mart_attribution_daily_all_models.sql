-- grain: one row per model, window, mode, day, channel, source label, campaign, ad group, ad, keyword and currency
with ordered as (
    select
        groupArray((model_id, window_id)) as combinations,
        groupArray(is_default) as are_default,
        arrayDistinct(groupArray(window_id)) as window_ids
    from (
        select
            models.model_id as model_id,
            windows.window_id as window_id,
            windows.is_default as is_default
        from seeds.attribution_models as models
        cross join seeds.attribution_windows as windows
        order by models.position, windows.position
    )
),

credited as (
    select
        kind,
        touch_date,
        converted_date,
        cohort_date,
        channel,
        source_label,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword,
        currency_code,
        vat_basis,
        -- a refund takes money back and is no payment
        if(
            ifNull(amount < 0, false),
            [],
            arrayConcat(
                shares_first,
                shares_last,
                shares_last_non_direct,
                shares_last_paid,
                shares_first_paid,
                shares_linear,
                shares_time_decay,
                shares_position_u,
                shares_position_w,
                shares_full_path,
                shares_account_weighted,
                shares_markov_1,
                shares_markov_2,
                shares_shapley
            )
        ) as shares,
        arrayConcat(
            amounts_first,
            amounts_last,
            amounts_last_non_direct,
            amounts_last_paid,
            amounts_first_paid,
            amounts_linear,
            amounts_time_decay,
            amounts_position_u,
            amounts_position_w,
            amounts_full_path,
            amounts_account_weighted,
            amounts_markov_1,
            amounts_markov_2,
            amounts_shapley
        ) as amounts
    from core.core_attribution_credit
    where converted_date is not null and kind in ('won', 'paid')
),

-- cash is dated by the payment, won by the win, accrual by the touch, cohort by the person's first touch
dated as (
    select
        credited.* except (kind, touch_date, converted_date, cohort_date),
        mode_and_date.1 as mode,
        assumeNotNull(mode_and_date.2) as stats_date
    from credited
    array join if(
        kind = 'paid',
        [('cash', converted_date)],
        [('won', converted_date), ('accrual', ifNull(touch_date, converted_date)), ('cohort', cohort_date)]
    ) as mode_and_date
),

credit as (
    select
        mode,
        stats_date,
        channel,
        source_label,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword,
        currency_code,
        sumForEach(shares) as shares,
        sumForEach(amounts) as amounts,
        toNullable(if(uniqExact(vat_basis) = 1, any(vat_basis), 'mixed')) as revenue_vat_basis,
        cast(null as Nullable(Decimal(38, 6))) as cost_net_amount,
        cast(null as Nullable(Decimal(38, 6))) as cost_gross_amount
    from dated
    group by
        mode, stats_date, channel, source_label, campaign_id, ad_group_id, ad_id, keyword, currency_code
),

-- the models' totals of one window, side by side
compared as (
    select
        mode,
        channel,
        currency_code,
        sumForEach(shares) as totals,
        arrayMap(
            nth -> arrayFilter(
                (total, place) -> (place - 1) % length((select window_ids from ordered)) = nth - 1,
                totals,
                arrayEnumerate(totals)
            ),
            arrayEnumerate((select window_ids from ordered))
        ) as totals_of_windows,
        arrayMap(
            models -> if(
                arraySum(models) = 0,
                null,
                round(
                    toDecimal128(arrayMax(models) - arrayMin(models), 6) * length(models)
                    / toDecimal128(arraySum(models), 6),
                    6
                )
            ),
            totals_of_windows
        ) as spreads
    from credit
    group by mode, channel, currency_code
),

-- ad cost knows no model, mode or window: it stands once beside each model and mode, in the default
-- window alone, on the day it was spent
spend as (
    select
        arrayJoin(['cash', 'accrual', 'cohort', 'won']) as mode,
        stats_date,
        channel,
        cast(null as Nullable(String)) as source_label,
        toNullable(campaign_id) as campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        cast(null as Nullable(String)) as ad_id,
        cast(null as Nullable(String)) as keyword,
        currency_code,
        [] as shares,
        [] as amounts,
        cast(null as Nullable(String)) as revenue_vat_basis,
        -- one unknown part makes the whole unknown, never smaller
        if(countIf(costs.cost_net_amount is null) > 0, null, sum(costs.cost_net_amount)) as cost_net_amount,
        if(countIf(costs.cost_gross_amount is null) > 0, null, sum(costs.cost_gross_amount)) as cost_gross_amount
    from core.core_ad_spend_daily as costs
    group by mode, stats_date, channel, campaign_id, currency_code
),

-- cost and credit of one key side by side, each at most one row of it, so that no join multiplies money
keyed as (
    select
        mode,
        stats_date,
        channel,
        source_label,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword,
        currency_code,
        sumForEach(shares) as shares,
        sumForEach(amounts) as amounts,
        max(revenue_vat_basis) as revenue_vat_basis,
        max(cost_net_amount) as cost_net_amount,
        max(cost_gross_amount) as cost_gross_amount,
        count(cost_gross_amount) + count(cost_net_amount) > 0 as has_cost
    from (
        select * from credit
        union all
        select * from spend
    )
    group by mode, stats_date, channel, source_label, campaign_id, ad_group_id, ad_id, keyword, currency_code
),

measured as (
    select
        keyed.* except (shares, amounts),
        arrayResize(keyed.shares, length((select combinations from ordered))) as shares,
        arrayResize(
            arrayMap(money -> toNullable(money), keyed.amounts), length((select combinations from ordered)), null
        ) as amounts,
        compared.spreads as spreads
    from keyed
    left join compared
        on compared.mode = keyed.mode
        and compared.channel = keyed.channel
        and compared.currency_code = keyed.currency_code
)

select
    combination.1 as model,
    combination.2 as `window`, -- noqa: RF06
    mode,
    stats_date,
    channel,
    source_label,
    campaign_id,
    ad_group_id,
    ad_id,
    keyword,
    currency_code,
    credit,
    if(credit = 0 and ifNull(revenue = 0, true), null, revenue) as revenue_amount,
    if(revenue_amount is null, null, revenue_vat_basis) as revenue_vat_basis,
    if(states_cost, cost_net_amount, null) as cost_net_amount,
    if(states_cost, cost_gross_amount, null) as cost_gross_amount,
    spreads[indexOf((select window_ids from ordered), combination.2)] as credit_spread
from measured
array join
    (select combinations from ordered) as combination,
    (select are_default from ordered) as states_cost,
    shares as credit,
    amounts as revenue
where credit != 0 or (has_cost and states_cost) or ifNull(revenue != 0, false)
