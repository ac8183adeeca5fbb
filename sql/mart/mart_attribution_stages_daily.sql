-- grain: one row per day, channel, source label, campaign, ad group, ad, keyword of one model and window
with default_model as (
    select any(model_id) as model_id, any(position) as position from seeds.attribution_models where is_default
),

default_window as (
    select any(window_id) as window_id, any(position) as position from seeds.attribution_windows where is_default
),

credited as (
    select
        kind,
        assumeNotNull(converted_date) as stats_date,
        channel,
        source_label,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword,
        -- the models in the order of their seed
        [
            shares_first,
            shares_last,
            shares_last_non_direct,
            shares_last_paid,
            shares_first_paid,
            shares_linear,
            shares_time_decay,
            shares_position_u,
            shares_position_w,
            shares_full_path,
            shares_account_weighted,
            shares_markov_1,
            shares_markov_2,
            shares_shapley
        ][(select position from default_model)][(select position from default_window)] as share
    from core.core_attribution_credit
    where converted_date is not null and kind in ('lead', 'qualified', 'opportunity', 'won', 'call')
)

select
    (select model_id from default_model) as model,
    (select window_id from default_window) as `window`, -- noqa: RF06
    stats_date,
    channel,
    source_label,
    campaign_id,
    ad_group_id,
    ad_id,
    keyword,
    sumIf(share, kind = 'lead') as leads,
    sumIf(share, kind = 'qualified') as qualified_leads,
    sumIf(share, kind = 'opportunity') as opportunities,
    sumIf(share, kind = 'won') as deals_won,
    sumIf(share, kind = 'call') as calls
from credited
where share != 0
group by stats_date, channel, source_label, campaign_id, ad_group_id, ad_id, keyword
