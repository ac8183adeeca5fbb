-- grain: one row per account and paid invoice, as its newest version says
with newest as (
    select *
    from raw.raw_bitrix24__invoice_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, invoice_id, updated_at desc, _load_id desc
    limit 1 by account_id, invoice_id
)

-- the suffix P of an invoice's stage is the vendor's own for paid, N for new, S for sent, D for declined
select
    account_id,
    toString(invoice_id) as payment_id,
    toNullable(coalesce(moved_at, updated_at)) as paid_at,
    toDate(coalesce(moved_at, updated_at), {business_zone:String}) as paid_date,
    assumeNotNull(opportunity_amount) as amount,
    currency_code,
    'gross' as vat_basis,
    if(opportunity_amount < 0, -abs(tax_amount), tax_amount) as vat_amount,
    nullIf(account_number, '') as document_number,
    nullIf(inn, '') as payer_inn,
    toString(nullIf(deal_id, 0)) as deal_id
from newest
where not is_deleted and stage_id like '%:P' and opportunity_amount is not null
