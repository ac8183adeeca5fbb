-- grain: one row per account, day, campaign, ad group, ad, channel signal, currency and VAT basis
select
    account_id,
    stats_date,
    toString(campaign_id) as campaign_id,
    -- the vendor repeats the name in every row of the day; a rename between two rows must not split one
    max(campaign_name) as campaign_name,
    toString(ad_group_id) as ad_group_id,
    toString(ad_id) as ad_id,
    toJSONString(tuple(
        cast(if(ad_network_type like 'SEARCH%', 'google_ads', 'display') as Nullable(String)),
        cast(null as Nullable(String)),
        cast(null as Nullable(String)),
        'absent'
    )) as signal_key,
    toNullable(sum(impressions)) as impressions,
    sum(clicks) as clicks,
    -- micros have six decimals by definition: this division is exact
    cast(toDecimal128(sum(cost_micros), 6) / 1000000 as Decimal(18, 6)) as cost_amount,
    currency_code,
    if(is_vat_included, 'gross', 'net') as vat_basis
from raw.raw_google_ads__ad_performance_daily_as_of(as_of = {as_of:DateTime64(6,'UTC')})
group by
    account_id,
    stats_date,
    campaign_id,
    ad_group_id,
    ad_id,
    signal_key,
    currency_code,
    is_vat_included
