-- grain: one row per account, day, campaign, ad group, ad, network, device and region
select
    account_id,
    stats_date,
    campaign_id,
    -- Direct repeats the name in every row of the day; a rename between two rows must not split one
    max(campaign_name) as campaign_name,
    max(campaign_type) as campaign_type,
    ad_group_id,
    max(ad_group_name) as ad_group_name,
    ad_id,
    ad_network_type,
    device,
    location_of_presence_id,
    max(location_of_presence_name) as location_of_presence_name,
    toJSONString(tuple(
        cast(concat('yandex_direct_', lower(ad_network_type)) as Nullable(String)),
        cast(null as Nullable(String)),
        cast(null as Nullable(String)),
        'absent'
    )) as signal_key,
    sum(impressions) as impressions,
    sum(clicks) as clicks,
    -- micros have six decimals by definition: this division is exact
    cast(toDecimal128(sum(cost_micros), 6) / 1000000 as Decimal(18, 6)) as cost_amount,
    currency_code,
    if(is_vat_included, 'gross', 'net') as vat_basis,
    sum(sessions) as sessions,
    sum(bounces) as bounces
from raw.raw_yandex_direct__ad_performance_daily_as_of(as_of = {as_of:DateTime64(6,'UTC')})
group by
    account_id,
    stats_date,
    campaign_id,
    ad_group_id,
    ad_id,
    ad_network_type,
    device,
    location_of_presence_id,
    currency_code,
    is_vat_included
