-- grain: one row per day of first contact, source label, channel and currency
with leads as (
    select
        lead_key,
        assumeNotNull(created_date) as cohort_date,
        source_label,
        channel,
        currency_code
    from core.core_lead
    where created_date is not null
),

won_by_lead as (
    select
        assumeNotNull(deals.lead_key) as lead_key,
        currency_code,
        count() as deals_won,
        countIf(deals.revenue_amount is not null) as deals_won_with_revenue,
        sum(deals.revenue_amount) as revenue_amount
    from core.core_deal as deals
    where status = 'won' and deals.lead_key is not null
    group by deals.lead_key, currency_code
),

-- a lead counts in its own currency, each deal in the deal's: two rows, neither counted twice
counted as (
    select
        cohort_date,
        source_label,
        channel,
        currency_code,
        1 as leads,
        0 as deals_won,
        0 as deals_won_with_revenue,
        cast(null as Nullable(Decimal(18, 2))) as revenue_amount
    from leads
    union all
    select
        leads.cohort_date as cohort_date,
        leads.source_label as source_label,
        leads.channel as channel,
        won_by_lead.currency_code as currency_code,
        0 as leads,
        won_by_lead.deals_won as deals_won,
        won_by_lead.deals_won_with_revenue as deals_won_with_revenue,
        won_by_lead.revenue_amount as revenue_amount
    from leads
    inner join won_by_lead on won_by_lead.lead_key = leads.lead_key
)

select
    cohort_date,
    source_label,
    channel,
    currency_code,
    sum(leads) as leads,
    sum(deals_won) as deals_won,
    sum(deals_won_with_revenue) as deals_won_with_revenue,
    sum(revenue_amount) as revenue_amount
from counted
group by cohort_date, source_label, channel, currency_code
