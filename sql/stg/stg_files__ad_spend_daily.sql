-- grain: one row per account, day, channel label, campaign, currency and VAT basis
with delivered as (
    select
        *,
        ifNull(campaign_name, '') as campaign,
        max(_load_id) over (
            partition by account_id, stats_date, channel_label, ifNull(campaign_name, '')
        ) as newest_load_id
    from raw.raw_files__ad_cost_daily_as_of(as_of = {as_of:DateTime64(6,'UTC')})
)

-- lines of one load add up; a later load that names the same day restates it
select
    account_id,
    stats_date,
    channel_label,
    campaign as campaign_name,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(channel_label)), '[\\s-]+', '_'), ''),
        cast(null as Nullable(String)),
        cast(null as Nullable(String)),
        'absent'
    )) as signal_key,
    sumIf(impressions, _load_id = newest_load_id) as impressions,
    sumIf(clicks, _load_id = newest_load_id) as clicks,
    cast(sumIf(cost_amount, _load_id = newest_load_id) as Decimal(18, 6)) as cost_amount,
    currency_code,
    vat_basis,
    uniqExact(_load_id) as load_count
from delivered
group by account_id, stats_date, channel_label, campaign, currency_code, vat_basis
having countIf(_load_id = newest_load_id) > 0
