-- grain: one row per account, customer and period, as its newest delivered record says
select
    account_id,
    customer_id,
    period_from,
    period_to,
    revenue_amount,
    currency_code,
    vat_basis,
    file_name,
    line_number
from raw.raw_files__customer_revenue_as_of(as_of = {as_of:DateTime64(6,'UTC')})
order by account_id, customer_id, period_from, period_to, _load_id desc, file_name desc, line_number desc
limit 1 by account_id, customer_id, period_from, period_to
