-- grain: one row per account, browser and network its visits came from
select
    account_id,
    toString(client_id) as metrica_client_id,
    lower(hex(HMAC('sha256', concat('network ', ip_address), {identity_key:String}))) as network_hash,
    count() as visits,
    min(started_at) as first_seen_at,
    max(started_at) as last_seen_at
from raw.raw_yandex_metrica__visit_as_of(as_of = {as_of:DateTime64(6,'UTC')})
where client_id != 0 and ip_address != ''
group by account_id, client_id, ip_address
