-- grain: one row per account, day, campaign, ad group, ad, currency and VAT basis
with names as (
    select
        account_id,
        ad_plan_id as campaign_number,
        ad_plan_name as campaign_name
    from raw.raw_vk_ads__ad_plan_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, campaign_number, _load_id desc, campaign_name desc
    limit 1 by account_id, campaign_number
),

stats as (
    select
        account_id,
        stats_date,
        ad_plan_id as campaign_number,
        ad_group_id as group_number,
        banner_id as ad_number,
        sum(shows) as impressions,
        sum(clicks) as clicks,
        cast(sum(spent_amount) as Decimal(18, 6)) as cost_amount,
        currency_code,
        is_vat_included
    from raw.raw_vk_ads__ad_performance_daily_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    group by account_id, stats_date, campaign_number, group_number, ad_number, currency_code, is_vat_included
)

select
    stats.account_id as account_id,
    stats_date,
    toString(stats.campaign_number) as campaign_id,
    ifNull(names.campaign_name, '') as campaign_name,
    toString(group_number) as ad_group_id,
    toString(ad_number) as ad_id,
    toJSONString(tuple(
        cast('vk_ads' as Nullable(String)),
        cast(null as Nullable(String)),
        cast(null as Nullable(String)),
        'absent'
    )) as signal_key,
    toNullable(impressions) as impressions,
    clicks,
    cost_amount,
    currency_code,
    if(is_vat_included, 'gross', 'net') as vat_basis
from stats
left join names on names.account_id = stats.account_id and names.campaign_number = stats.campaign_number
