-- grain: one row per touch of a person
select
    concat('touch:', lead_key) as touch_key,
    person_key,
    assumeNotNull(created_at) as touched_at,
    assumeNotNull(created_date) as touch_date,
    'lead' as kind,
    channel,
    channel_rule_id,
    source_label,
    utm_campaign as campaign_id,
    lead_key,
    source,
    account_id
from core.core_lead
where created_at is not null
