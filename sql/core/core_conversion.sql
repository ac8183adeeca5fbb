-- grain: one row per conversion: an enquiry, a won deal, a payment or refund
with leads as (
    select
        concat('lead:', lead_key) as conversion_key,
        'lead' as kind,
        person_key,
        toNullable(lead_key) as lead_key,
        cast(null as Nullable(String)) as deal_key,
        created_at as converted_at,
        created_date as converted_date,
        created_at as looks_back_from_at,
        created_at as lead_at,
        nullIf(created_at, created_at) as opportunity_at,
        cast(null as Nullable(Decimal(18, 2))) as amount,
        currency_code,
        'unknown' as vat_basis
    from core.core_lead
),

opportunities as (
    select deal_key as opportunity_key, min(entered_at) as first_entered_at
    from core.core_deal_stage
    where is_opportunity
    group by deal_key
),

won as (
    select
        concat('won:', deals.deal_key) as conversion_key,
        'won' as kind,
        deals.person_key as person_key,
        deals.lead_key as lead_key,
        toNullable(deals.deal_key) as deal_key,
        deals.won_at as converted_at,
        deals.won_date as converted_date,
        deals.won_at as looks_back_from_at,
        leads.created_at as lead_at,
        opportunities.first_entered_at as opportunity_at,
        deals.revenue_amount as amount,
        deals.currency_code as currency_code,
        deals.vat_basis as vat_basis
    from core.core_deal as deals
    left join core.core_lead as leads on leads.lead_key = deals.lead_key
    left join opportunities on opportunities.opportunity_key = deals.deal_key
    where deals.status = 'won'
),

-- a refund looks back from the last payment of its deal before it, so it follows the credit it undoes
payments as (
    select
        *,
        if(
            amount < 0 and deal_key is not null,
            ifNull(
                max(if(amount > 0, paid_at, null)) over (
                    partition by deal_key
                    order by paid_at, payment_key
                    rows between unbounded preceding and current row
                ),
                paid_at
            ),
            paid_at
        ) as undone_at
    from core.core_payment
),

paid as (
    select
        concat('paid:', payments.payment_key) as conversion_key,
        'paid' as kind,
        payments.person_key as person_key,
        deals.lead_key as lead_key,
        payments.deal_key as deal_key,
        toNullable(payments.paid_at) as converted_at,
        toNullable(payments.paid_date) as converted_date,
        toNullable(payments.undone_at) as looks_back_from_at,
        leads.created_at as lead_at,
        opportunities.first_entered_at as opportunity_at,
        toNullable(payments.amount) as amount,
        payments.currency_code as currency_code,
        payments.vat_basis as vat_basis
    from payments
    left join core.core_deal as deals on deals.deal_key = payments.deal_key
    left join core.core_lead as leads on leads.lead_key = deals.lead_key
    left join opportunities on opportunities.opportunity_key = deals.deal_key
)

select * from leads
union all
select * from won
union all
select * from paid
