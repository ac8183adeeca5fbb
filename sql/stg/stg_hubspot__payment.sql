-- grain: one row per account and paid invoice, as its newest version says
with newest as (
    select *
    from raw.raw_hubspot__invoice_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, invoice_id, updated_at desc, _load_id desc
    limit 1 by account_id, invoice_id
)

select
    account_id,
    toString(invoice_id) as payment_id,
    paid_at,
    toDate(assumeNotNull(paid_at), {business_zone:String}) as paid_date,
    cast(round(assumeNotNull(paid_amount), 2) as Decimal(18, 2)) as amount,
    currency_code,
    if(ifNull(tax_amount, 0) = 0, 'none', 'gross') as vat_basis,
    cast(round(tax_amount, 2) as Nullable(Decimal(18, 2))) as vat_amount,
    nullIf(invoice_number, '') as document_number,
    nullIf(inn, '') as payer_inn,
    -- an invoice of two deals is of neither alone
    if(length(deal_ids) = 1, toString(deal_ids[1]), null) as deal_id
from newest
where not is_deleted and paid_at is not null and paid_amount is not null
