-- grain: one row per finding rule and subject
with found as (
    select 'deal_closed_before_first_contact' as rule_id, deals.deal_key as subject_key, '' as detail
    from core.core_deal as deals
    inner join core.core_lead as leads on leads.lead_key = deals.lead_key
    where deals.status in ('won', 'lost') and deals.closed_at < leads.created_at
    union all
    select 'deal_without_lead' as rule_id, deal_key as subject_key, '' as detail
    from core.core_deal
    where lead_key is null
    union all
    select 'won_deal_without_date' as rule_id, deal_key as subject_key, '' as detail
    from core.core_deal
    where status = 'won' and won_at is null
    union all
    select 'won_deal_without_revenue' as rule_id, deal_key as subject_key, revenue_source as detail
    from core.core_deal
    where status = 'won' and revenue_amount is null
    union all
    select 'lead_without_date' as rule_id, lead_key as subject_key, '' as detail
    from core.core_lead
    where created_at is null
    union all
    select
        'contact_refused' as rule_id,
        lead_key as subject_key,
        arrayStringConcat(arrayFilter(reason -> reason != '', [
            ifNull(concat('phone: ', phone_reject_reason), ''),
            ifNull(concat('email: ', email_reject_reason), '')
        ]), ', ') as detail
    from core.core_lead
    where phone_reject_reason is not null or email_reject_reason is not null
    union all
    select 'label_without_rule' as rule_id, ifNull(source_label, signal_key) as subject_key, '' as detail
    from core.core_channel_assignment
    where channel_rule_id = 'no_rule_fits'
    group by subject_key
    union all
    select
        'ad_cost_restated_by_another_load' as rule_id,
        concat(account_id, ':', toString(stats_date), ':', channel_label, ':', campaign_name) as subject_key,
        concat('loads: ', toString(sum(load_count))) as detail
    from stg.stg_files__ad_spend_daily
    where load_count > 1
    group by subject_key
    union all
    select
        'ad_cost_of_unknown_vat_basis' as rule_id,
        concat(source, ':', account_id, ':', toString(stats_date), ':', ifNull(channel, '')) as subject_key,
        '' as detail
    from core.core_ad_spend_daily
    where vat_basis = 'unknown'
    group by subject_key
    union all
    select
        'customer_revenue_of_two_vat_bases' as rule_id,
        concat(account_id, ':', customer_id, ':', currency_code) as subject_key,
        '' as detail
    from stg.stg_files__customer_revenue
    group by account_id, customer_id, currency_code
    having uniqExact(vat_basis) > 1
    union all
    select
        'channel_without_media_mix' as rule_id,
        concat(channel, ':', currency_code) as subject_key,
        concat('days of spend: ', toString(uniqExact(stats_date))) as detail
    from core.core_ad_spend_daily
    where
        channel in (select channel_id from seeds.attribution_channels where is_paid)
        and (channel, currency_code) not in (select channel, currency_code from core.core_media_mix)
    group by channel, currency_code
    union all
    select
        'identity_decision_unusable' as rule_id,
        decisions.decision_id as subject_key,
        multiIf(
            decisions.decision_kind not in ('same', 'different'), 'neither same nor different',
            decisions.first_key = decisions.second_key, 'both keys are one',
            'no record has one of the keys, or all that do have both'
        ) as detail
    from seeds.identity_decisions as decisions
    where
        (least(decisions.first_key, decisions.second_key), greatest(decisions.first_key, decisions.second_key)) not in (
            select least(first_key, second_key) as smaller_key, greatest(first_key, second_key) as larger_key
            from seeds.identity_decisions
            where decision_id in (select decision_id from core.core_identity_decision)
        )
)

select
    found.rule_id as rule_id,
    rules.subject_kind as subject_kind,
    found.subject_key as subject_key,
    rules.severity as severity,
    found.detail as detail
from found
left join seeds.finding_rules as rules on rules.rule_id = found.rule_id
