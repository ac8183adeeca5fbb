-- grain: one row per conversion: a stage an enquiry or deal reached, a call, a payment or refund
with
-- what a refund takes of each open payment, the newest first
(refund, open) -> arrayMap(
    (one, newer) -> greatest(least(one.2, -refund.4 - newer), 0),
    open, arrayPopBack(arrayPushFront(arrayCumSum(open.2), 0))
) as taken_of,

leads as (
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

-- amoCRM has one card for an enquiry and its deal: the deal is there when the card leaves its first stage
grown as (
    select
        assumeNotNull(deals.lead_key) as enquiry_key,
        if(deals.source = 'amocrm', opportunities.first_entered_at, deals.created_at) as grown_at,
        -- a stage of the time after is no part of the way to this one
        if(opportunities.first_entered_at <= grown_at, opportunities.first_entered_at, null) as opportunity_by_then_at,
        -- undated deals come last
        (ifNull(grown_at, toDateTime64('2261-01-01 00:00:00', 6, 'UTC')), deals.deal_key) as rank_of_deal
    from core.core_deal as deals
    left join opportunities on opportunities.opportunity_key = deals.deal_key
    where
        deals.lead_key is not null
        and (deals.source != 'amocrm' or opportunities.first_entered_at is not null)
),

first_grown as (
    select
        enquiry_key,
        tupleElement(min(rank_of_deal), 2) as first_deal_key,
        min(grown_at) as qualified_at,
        tupleElement(argMin(tuple(opportunity_by_then_at), rank_of_deal), 1) as opportunity_by_then_at
    from grown
    group by enquiry_key
),

qualified as (
    select
        concat('qualified:', leads.lead_key) as conversion_key,
        'qualified' as kind,
        leads.person_key as person_key,
        toNullable(leads.lead_key) as lead_key,
        toNullable(first_grown.first_deal_key) as deal_key,
        first_grown.qualified_at as converted_at,
        toDate(first_grown.qualified_at, {business_zone:String}) as converted_date,
        first_grown.qualified_at as looks_back_from_at,
        if(leads.created_at > first_grown.qualified_at, null, leads.created_at) as lead_at,
        first_grown.opportunity_by_then_at as opportunity_at,
        cast(null as Nullable(Decimal(18, 2))) as amount,
        leads.currency_code as currency_code,
        'unknown' as vat_basis
    from core.core_lead as leads
    inner join first_grown on first_grown.enquiry_key = leads.lead_key
),

opportunity as (
    select
        concat('opportunity:', deals.deal_key) as conversion_key,
        'opportunity' as kind,
        deals.person_key as person_key,
        deals.lead_key as lead_key,
        toNullable(deals.deal_key) as deal_key,
        toNullable(opportunities.first_entered_at) as converted_at,
        toNullable(toDate(opportunities.first_entered_at, {business_zone:String})) as converted_date,
        toNullable(opportunities.first_entered_at) as looks_back_from_at,
        if(leads.created_at > opportunities.first_entered_at, null, leads.created_at) as lead_at,
        toNullable(opportunities.first_entered_at) as opportunity_at,
        cast(null as Nullable(Decimal(18, 2))) as amount,
        deals.currency_code as currency_code,
        'unknown' as vat_basis
    from core.core_deal as deals
    inner join opportunities on opportunities.opportunity_key = deals.deal_key
    left join core.core_lead as leads on leads.lead_key = deals.lead_key
),

-- nobody tells which enquiry a call belongs to: it is one by voice, and as such its own
calls as (
    select
        call_key as conversion_key,
        'call' as kind,
        person_key,
        cast(null as Nullable(String)) as lead_key,
        cast(null as Nullable(String)) as deal_key,
        toNullable(started_at) as converted_at,
        toNullable(started_date) as converted_date,
        toNullable(started_at) as looks_back_from_at,
        toNullable(started_at) as lead_at,
        nullIf(started_at, started_at) as opportunity_at,
        cast(null as Nullable(Decimal(18, 2))) as amount,
        'XXX' as currency_code,
        'unknown' as vat_basis
    from core.core_call
    where direction = 'in' and is_answered and ifNull(is_target, true)
),

-- what a prepaid or backdated deal reached only afterwards is no part of the way to its money
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
        if(leads.created_at > deals.won_at, null, leads.created_at) as lead_at,
        if(opportunities.first_entered_at > deals.won_at, null, opportunities.first_entered_at) as opportunity_at,
        deals.revenue_amount as amount,
        deals.currency_code as currency_code,
        deals.vat_basis as vat_basis
    from core.core_deal as deals
    left join core.core_lead as leads on leads.lead_key = deals.lead_key
    left join opportunities on opportunities.opportunity_key = deals.deal_key
    where deals.status = 'won'
),

-- a refund takes back what is open of the payments of its deal up to it, the newest first, so that it follows the
-- credit it undoes; what is more than all of them goes with the newest, and where there is none it is of its own
-- instant. The state is the open payments and the parts told so far
settled as (
    select
        arraySort(groupArray((paid_at, amount < 0, payment_key, reinterpret(amount, 'Int64')))) as payments,
        tupleElement(arrayFold(
            (state, payment) -> multiIf(
                payment.4 >= 0,
                (
                    arrayPushFront(state.1, (payment.1, payment.4)),
                    arrayPushBack(state.2, (payment.3, payment.1, payment.4))
                ),
                empty(state.1),
                (state.1, arrayPushBack(state.2, (payment.3, payment.1, payment.4))),
                (
                    arrayMap((one, taken) -> (one.1, one.2 - taken), state.1, taken_of(payment, state.1)),
                    arrayConcat(
                        state.2,
                        arrayFilter(
                            part -> part.3 < 0,
                            arrayMap(
                                (one, taken, nth) -> (
                                    payment.3,
                                    one.1,
                                    if(nth = 1, least(payment.4 + arraySum(state.1.2), 0), 0) - taken
                                ),
                                state.1, taken_of(payment, state.1), arrayEnumerate(state.1)
                            )
                        )
                    )
                )
            ),
            payments,
            (
                cast([], 'Array(Tuple(DateTime64(6, ''UTC''), Int64))'),
                cast([], 'Array(Tuple(String, DateTime64(6, ''UTC''), Int64))')
            )
        ), 2) as parts
    from core.core_payment
    group by ifNull(deal_key, payment_key), currency_code
),

payments as (
    select
        payments.* except (amount),
        part.2 as undone_at,
        reinterpret(part.3, 'Decimal(18, 2)') as amount,
        row_number() over (partition by payments.payment_key order by part.2 desc, part.3) as nth
    from (select arrayJoin(parts) as part from settled) as told
    inner join core.core_payment as payments on payments.payment_key = told.part.1
),

paid as (
    select
        concat('paid:', payments.payment_key, if(nth = 1, '', concat(':undone:', toString(nth)))) as conversion_key,
        'paid' as kind,
        payments.person_key as person_key,
        deals.lead_key as lead_key,
        payments.deal_key as deal_key,
        toNullable(payments.paid_at) as converted_at,
        toNullable(payments.paid_date) as converted_date,
        toNullable(payments.undone_at) as looks_back_from_at,
        if(leads.created_at > payments.undone_at, null, leads.created_at) as lead_at,
        if(opportunities.first_entered_at > payments.undone_at, null, opportunities.first_entered_at) as opportunity_at,
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
select * from qualified
union all
select * from opportunity
union all
select * from calls
union all
select * from won
union all
select * from paid
