-- grain: one row per account and posted payment document, as its newest version says
with newest as (
    select *
    from raw.raw_moysklad__document_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    where document_type in ('paymentin', 'cashin', 'paymentout', 'cashout')
    order by account_id, document_type, document_id, updated_at desc, _load_id desc
    limit 1 by account_id, document_type, document_id
)

-- money that goes out buys things; only what belongs to a customer's deal undoes a payment
select
    account_id,
    concat(document_type, ':', document_id) as payment_id,
    toNullable(moment_at) as paid_at,
    toDate(moment_at, {business_zone:String}) as paid_date,
    cast(
        round(if(document_type in ('paymentin', 'cashin'), 1, -1) * assumeNotNull(sum_amount), 2) as Decimal(18, 2)
    ) as amount,
    currency_code,
    'gross' as vat_basis,
    cast(
        round(if(document_type in ('paymentin', 'cashin'), 1, -1) * vat_amount, 2) as Nullable(Decimal(18, 2))
    ) as vat_amount,
    nullIf(document_name, '') as document_number,
    cast(null as Nullable(String)) as payer_inn,
    nullIf(crm_deal_id, '') as deal_id
from newest
where
    not is_deleted
    and ifNull(is_posted, true)
    and sum_amount is not null
    and (document_type in ('paymentin', 'cashin') or ifNull(crm_deal_id, '') != '')
