-- grain: one row per campaign of an ad platform and channel by tags in which the platform is believed instead
with sold as (
    -- a campaign that sells in several channels, or a number that two platforms use, tells nothing of a click
    select campaign_id, any(toString(channel)) as campaign_channel
    from core.core_ad_spend_daily
    where campaign_id != ''
    group by campaign_id
    having uniqExact(toString(channel)) = 1
)

select
    sold.campaign_id as campaign_id,
    rules.assigned_channel as assigned_channel,
    sold.campaign_channel as channel,
    rules.rule_id as channel_rule_id
from sold
inner join seeds.campaign_channel_rules as rules on toString(rules.campaign_channel) = sold.campaign_channel
