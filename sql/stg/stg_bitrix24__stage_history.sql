-- grain: one row per account and entry of a deal into a stage
select
    account_id,
    toString(owner_id) as deal_id,
    toString(event_id) as event_id,
    created_at as entered_at,
    toString(category_id) as pipeline_id,
    stage_id,
    stage_semantics = 'F' as is_loss
from raw.raw_bitrix24__stage_history_as_of(as_of = {as_of:DateTime64(6,'UTC')})
where entity_type = 'deal' and stage_id != ''
order by account_id, event_id, _load_id desc
limit 1 by account_id, event_id
