-- grain: one row per account and campaign, as the newest scan saw it
select
    account_id,
    campaign_id,
    campaign_name,
    campaign_type,
    campaign_status,
    campaign_state,
    start_date,
    end_date,
    currency_code,
    time_zone
from raw.raw_yandex_direct__campaign_as_of(as_of = {as_of:DateTime64(6,'UTC')})
order by account_id, campaign_id, _load_id desc, campaign_name desc
limit 1 by account_id, campaign_id
