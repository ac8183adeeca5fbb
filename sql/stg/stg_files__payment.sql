-- grain: one row per payment document of a delivered statement that came from or went back to a customer
select
    account_id,
    concat(file_name, ':', toString(line_number)) as payment_id,
    paid_at,
    coalesce(paid_date, toDate(paid_at, {business_zone:String})) as paid_date,
    if(direction = 'in', amount, -amount) as amount,
    currency_code,
    vat_basis,
    if(direction = 'in', vat_amount, -vat_amount) as vat_amount,
    nullIf(document_number, '') as document_number,
    nullIf(counterparty_inn, '') as payer_inn,
    nullIf(deal_id, '') as deal_id
from raw.raw_files__payment_as_of(as_of = {as_of:DateTime64(6,'UTC')})
-- money that goes out buys things; only what the purpose calls a return undoes a payment
where
    (
        direction = 'in'
        or (direction = 'out' and match(lowerUTF8(ifNull(purpose, '')), '^\\s*(возврат|refund|return of)'))
    )
    and (paid_date is not null or paid_at is not null)
