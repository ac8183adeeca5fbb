-- grain: one row per account and deal, as its newest delivered record says
select
    account_id,
    deal_id,
    nullIf(lead_id, '') as lead_id,
    nullIf(customer_id, '') as customer_id,
    status,
    created_at,
    closed_at,
    amount,
    currency_code,
    vat_basis,
    phone,
    email,
    file_name,
    line_number
from raw.raw_files__deal_as_of(as_of = {as_of:DateTime64(6,'UTC')})
order by account_id, deal_id, _load_id desc, file_name desc, line_number desc
limit 1 by account_id, deal_id
