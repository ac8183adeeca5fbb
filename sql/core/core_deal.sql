-- grain: one row per deal
with persons as (
    select record_key, any(person_key) as person_key
    from core.core_person_link
    where record_kind = 'deal'
    group by record_key
),

-- revenue with and without VAT is never added: the customer's revenue is then unknown
customers as (
    select
        account_id,
        customer_id,
        currency_code,
        if(uniqExact(vat_basis) = 1, sum(revenue_amount), null) as customer_revenue_amount,
        if(uniqExact(vat_basis) = 1, any(vat_basis), 'unknown') as customer_vat_basis
    from stg.stg_files__customer_revenue
    group by account_id, customer_id, currency_code
),

accounts_with_revenue as (
    select distinct account_id from stg.stg_files__customer_revenue
),

delivered as (
    select
        'files' as source,
        account_id,
        deal_id,
        lead_id,
        customer_id,
        cast(null as Nullable(String)) as contact_id,
        cast(null as Nullable(String)) as company_id,
        status,
        cast(null as Nullable(String)) as pipeline_id,
        cast(null as Nullable(String)) as stage_id,
        cast(null as Nullable(String)) as lost_reason,
        cast(null as Nullable(String)) as manager_id,
        cast(null as Nullable(String)) as source_label,
        created_at,
        closed_at,
        amount,
        currency_code,
        vat_basis
    from stg.stg_files__deal
    union all
    select
        'bitrix24' as source,
        account_id,
        deal_id,
        lead_id,
        cast(null as Nullable(String)) as customer_id,
        contact_id,
        company_id,
        status,
        pipeline_id,
        stage_id,
        lost_reason,
        manager_id,
        source_label,
        toNullable(created_at) as created_at,
        closed_at,
        amount,
        currency_code,
        vat_basis
    from stg.stg_bitrix24__deal
    where not is_deleted
    union all
    select
        'amocrm' as source,
        account_id,
        deal_id,
        lead_id,
        cast(null as Nullable(String)) as customer_id,
        contact_id,
        company_id,
        status,
        pipeline_id,
        stage_id,
        lost_reason,
        manager_id,
        source_label,
        created_at,
        closed_at,
        amount,
        currency_code,
        vat_basis
    from stg.stg_amocrm__deal
    where not is_deleted
    union all
    select
        'hubspot' as source,
        account_id,
        deal_id,
        lead_id,
        cast(null as Nullable(String)) as customer_id,
        contact_id,
        company_id,
        status,
        pipeline_id,
        stage_id,
        lost_reason,
        manager_id,
        source_label,
        toNullable(created_at) as created_at,
        closed_at,
        amount,
        currency_code,
        vat_basis
    from stg.stg_hubspot__deal
    where not is_deleted
),

numbered as (
    select
        *,
        concat('deal:', source, ':', account_id, ':', deal_id) as deal_key,
        concat('lead:', source, ':', account_id, ':', lead_id) as lead_key,
        if(status = 'won', closed_at, null) as won_at,
        source = 'files' and account_id in (select account_id from accounts_with_revenue) as has_customer_revenue,
        -- a customer's revenue is counted once, at the first deal that won the customer
        row_number() over (
            partition by source, account_id, customer_id, status
            order by closed_at asc nulls last, deal_id asc
        ) as deal_of_customer
    from delivered
)

select
    deals.deal_key as deal_key,
    deals.source as source,
    deals.account_id as account_id,
    deals.deal_id as deal_id,
    leads.lead_key as lead_key,
    persons.person_key as person_key,
    deals.customer_id as customer_id,
    concat('contact:', deals.source, ':', deals.account_id, ':', deals.contact_id) as contact_key,
    concat('company:', deals.source, ':', deals.account_id, ':', deals.company_id) as company_key,
    deals.status as status,
    deals.pipeline_id as pipeline_id,
    deals.stage_id as stage_id,
    deals.lost_reason as lost_reason,
    deals.manager_id as manager_id,
    deals.source_label as source_label,
    deals.created_at as created_at,
    deals.closed_at as closed_at,
    toDate(deals.closed_at, {business_zone:String}) as closed_date,
    deals.won_at as won_at,
    toDate(deals.won_at, {business_zone:String}) as won_date,
    deals.amount as amount,
    deals.vat_basis as amount_vat_basis,
    cast(
        multiIf(
            deals.status != 'won', null,
            not deals.has_customer_revenue, deals.amount,
            deals.customer_id is not null and deals.deal_of_customer = 1, customers.customer_revenue_amount,
            null
        ) as Nullable(Decimal(18, 2))
    ) as revenue_amount,
    if(deals.has_customer_revenue, ifNull(customers.customer_vat_basis, 'unknown'), deals.vat_basis) as vat_basis,
    if(deals.has_customer_revenue, 'customer_revenue', 'deal_amount') as revenue_source,
    if(deals.currency_code = '', 'XXX', deals.currency_code) as currency_code
from numbered as deals
left join persons on persons.record_key = deals.deal_key
left join core.core_lead as leads on leads.lead_key = deals.lead_key
left join customers
    on customers.account_id = deals.account_id
    and customers.customer_id = deals.customer_id
    and customers.currency_code = deals.currency_code
