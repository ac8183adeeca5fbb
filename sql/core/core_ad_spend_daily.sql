-- grain: one row per source, account, day, channel, campaign, currency and VAT basis
with direct as (
    select
        'yandex_direct' as source,
        account_id,
        stats_date,
        signal_key,
        toString(campaign_id) as campaign_id,
        max(campaign_name) as reported_name,
        sum(impressions) as impressions,
        sum(toNullable(clicks)) as clicks,
        sum(cost_amount) as cost_amount,
        currency_code,
        vat_basis
    from stg.stg_yandex_direct__ad_spend_daily
    group by account_id, stats_date, signal_key, campaign_id, currency_code, vat_basis
),

files as (
    select
        'files' as source,
        account_id,
        stats_date,
        signal_key,
        campaign_name as campaign_id,
        max(campaign_name) as reported_name,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(cost_amount) as cost_amount,
        currency_code,
        vat_basis
    from stg.stg_files__ad_spend_daily
    group by account_id, stats_date, signal_key, campaign_name, currency_code, vat_basis
),

vk_ads as (
    select
        'vk_ads' as source,
        account_id,
        stats_date,
        signal_key,
        campaign_id,
        max(campaign_name) as reported_name,
        sum(impressions) as impressions,
        sum(toNullable(clicks)) as clicks,
        sum(cost_amount) as cost_amount,
        currency_code,
        vat_basis
    from stg.stg_vk_ads__ad_spend_daily
    group by account_id, stats_date, signal_key, campaign_id, currency_code, vat_basis
),

google_ads as (
    select
        'google_ads' as source,
        account_id,
        stats_date,
        signal_key,
        campaign_id,
        max(campaign_name) as reported_name,
        sum(impressions) as impressions,
        sum(toNullable(clicks)) as clicks,
        sum(cost_amount) as cost_amount,
        currency_code,
        vat_basis
    from stg.stg_google_ads__ad_spend_daily
    group by account_id, stats_date, signal_key, campaign_id, currency_code, vat_basis
),

meta_ads as (
    select
        'meta_ads' as source,
        account_id,
        stats_date,
        signal_key,
        campaign_id,
        max(campaign_name) as reported_name,
        sum(impressions) as impressions,
        sum(toNullable(clicks)) as clicks,
        sum(cost_amount) as cost_amount,
        currency_code,
        vat_basis
    from stg.stg_meta_ads__ad_spend_daily
    group by account_id, stats_date, signal_key, campaign_id, currency_code, vat_basis
),

avito_ads as (
    select
        'avito_ads' as source,
        account_id,
        stats_date,
        signal_key,
        campaign_id,
        max(campaign_name) as reported_name,
        sum(impressions) as impressions,
        sum(toNullable(clicks)) as clicks,
        sum(cost_amount) as cost_amount,
        currency_code,
        vat_basis
    from stg.stg_avito_ads__ad_spend_daily
    group by account_id, stats_date, signal_key, campaign_id, currency_code, vat_basis
),

spend as (
    select * from direct
    union all
    select * from files
    union all
    select * from vk_ads
    union all
    select * from google_ads
    union all
    select * from meta_ads
    union all
    select * from avito_ads
),

-- two signals may lead to one channel: add them up before anything is joined
by_channel as (
    select
        spend.source as source,
        spend.account_id as account_id,
        spend.stats_date as stats_date,
        assignment.channel as channel,
        spend.campaign_id as campaign_id,
        max(spend.reported_name) as reported_name,
        sum(spend.impressions) as impressions,
        sum(spend.clicks) as clicks,
        sum(spend.cost_amount) as cost_amount,
        spend.currency_code as currency_code,
        spend.vat_basis as vat_basis
    from spend
    left join core.core_channel_assignment as assignment on assignment.signal_key = spend.signal_key
    group by
        spend.source,
        spend.account_id,
        spend.stats_date,
        assignment.channel,
        spend.campaign_id,
        spend.currency_code,
        spend.vat_basis
),

-- the campaign dictionary may lack a campaign that spends, so it only lends its newer name
named as (
    select
        by_channel.*,
        coalesce(campaign.campaign_name, by_channel.reported_name) as campaign_name
    from by_channel
    left join (
        select
            'yandex_direct' as source,
            account_id,
            toString(campaign_id) as campaign_id,
            campaign_name
        from stg.stg_yandex_direct__campaign
    ) as campaign
        on campaign.source = by_channel.source
        and campaign.account_id = by_channel.account_id
        and campaign.campaign_id = by_channel.campaign_id
),

rated as (
    select
        named.*,
        rates.rate_id as vat_rate_id,
        if(rates.rate_id is null, null, 1 + rates.rate) as vat_factor
    from named
    left join seeds.vat_rates as rates
        on rates.currency_code = named.currency_code
        and named.stats_date >= rates.valid_from
        and named.stats_date < ifNull(rates.valid_to, toDate('2149-06-06'))
),

-- twelve decimals inside the division, so that rounding happens once
exact as (
    select
        *,
        cast(
            multiIf(
                vat_basis in ('net', 'none'), toDecimal128(cost_amount, 12),
                vat_basis = 'gross', toDecimal128(cost_amount, 12) / vat_factor,
                null
            ) as Nullable(Decimal(38, 12))
        ) as exact_net_amount,
        cast(
            multiIf(
                vat_basis in ('gross', 'none'), toDecimal128(cost_amount, 12),
                vat_basis = 'net', toDecimal128(cost_amount, 12) * vat_factor,
                null
            ) as Nullable(Decimal(38, 12))
        ) as exact_gross_amount
    from rated
)

select
    source,
    account_id,
    stats_date,
    channel,
    campaign_id,
    campaign_name,
    impressions,
    clicks,
    cost_amount,
    vat_basis,
    round(exact_net_amount, 6) as cost_net_amount,
    round(exact_gross_amount, 6) as cost_gross_amount,
    vat_rate_id,
    currency_code
from exact
