-- grain: one row per kind of part, currency, channel or VAT basis, and day
with bases as (
    select currency_code, if(uniqExact(vat_basis) = 1, any(vat_basis), 'mixed') as vat_basis
    from core.core_deal
    where status = 'won' and revenue_amount is not null
    group by currency_code
),

-- cost stands on the basis of the revenue; where one part of a day's is unknown, all of it is
costs as (
    select
        spend.currency_code as currency_code,
        spend.channel as channel,
        spend.stats_date as stats_date,
        multiIf(
            bases.vat_basis in ('net', 'none'), spend.cost_net_amount,
            bases.vat_basis = 'gross', spend.cost_gross_amount,
            null
        ) as comparable_amount
    from core.core_ad_spend_daily as spend
    inner join bases on bases.currency_code = spend.currency_code
    where spend.channel in (select channel_id from seeds.attribution_channels where is_paid)
),

-- a deal belongs to the day its enquiry came, when channels could move it
won as (
    select
        deals.currency_code as currency_code,
        ifNull(leads.created_date, toDate(deals.created_at, {business_zone:String})) as enquiry_date,
        toInt256(deals.revenue_amount * 100) as kopecks,
        dateDiff('day', leads.created_date, deals.won_date) as days_to_win
    from core.core_deal as deals
    left join core.core_lead as leads on leads.lead_key = deals.lead_key
    where deals.status = 'won'
)

select
    'cost' as part,
    currency_code,
    channel as name,
    stats_date as date_from,
    nullIf(stats_date, stats_date) as date_to,
    if(countIf(comparable_amount is null) > 0, null, toFloat64(sum(comparable_amount))) as first_figure,
    cast(null as Nullable(Float64)) as second_figure,
    cast(null as Nullable(Float64)) as third_figure
from costs
group by currency_code, channel, stats_date
union all
select
    'enquiries' as part,
    currency_code,
    '' as name,
    assumeNotNull(created_date) as date_from,
    nullIf(date_from, date_from) as date_to,
    toNullable(toFloat64(count())) as first_figure,
    cast(null as Nullable(Float64)) as second_figure,
    cast(null as Nullable(Float64)) as third_figure
from core.core_lead
where created_date is not null
group by currency_code, created_date
union all
select
    'wins' as part,
    currency_code,
    '' as name,
    assumeNotNull(enquiry_date) as date_from,
    nullIf(date_from, date_from) as date_to,
    toNullable(toFloat64(count())) as first_figure,
    cast(null as Nullable(Float64)) as second_figure,
    cast(null as Nullable(Float64)) as third_figure
from won
where enquiry_date is not null
group by currency_code, enquiry_date
union all
-- mean money of a won deal, its standard deviation, and the days within which nearly all are won; sums of
-- whole numbers, for those of doubles depend on the order of rows
select
    'money' as part,
    won.currency_code as currency_code,
    any(bases.vat_basis) as name,
    assumeNotNull(min(won.enquiry_date)) as date_from,
    nullIf(date_from, date_from) as date_to,
    toFloat64(sum(won.kopecks)) / nullIf(count(won.kopecks), 0) / 100 as first_figure,
    sqrt(toFloat64(count(won.kopecks) * sum(won.kopecks * won.kopecks) - sum(won.kopecks) * sum(won.kopecks)))
    / nullIf(count(won.kopecks), 0) / 100 as second_figure,
    toFloat64(quantileExact(0.95)(won.days_to_win)) as third_figure -- noqa: LT01
from won
inner join bases on bases.currency_code = won.currency_code
group by won.currency_code
having first_figure is not null
union all
-- how many times the spend it would have been, enquiries by which they changed, and their error
select
    'experiment' as part,
    currency_code,
    channel as name,
    date_from,
    toNullable(date_to) as date_to,
    spend_factor as first_figure,
    lift_enquiries as second_figure,
    lift_standard_error as third_figure
from seeds.spend_experiments
