-- grain: one row per day, channel, source label, campaign, ad group, ad, keyword, currency of one model, window, mode
select
    model,
    window,
    mode,
    stats_date,
    channel,
    source_label,
    campaign_id,
    ad_group_id,
    ad_id,
    keyword,
    currency_code,
    credit,
    revenue_amount,
    revenue_vat_basis,
    cost_net_amount,
    cost_gross_amount,
    credit_spread
from mart.mart_attribution_daily_all_models
where
    model in (select model_id from seeds.attribution_models where is_default)
    and window in (select window_id from seeds.attribution_windows where is_default)
    and mode = 'won'
