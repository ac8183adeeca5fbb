-- grain: one row per account and entry of a deal into a stage
with changes as (
    select
        account_id,
        toString(entity_id) as deal_id,
        event_id,
        created_at as entered_at,
        toString(before_pipeline_id) as before_pipeline_id,
        toString(before_status_id) as before_stage_id,
        toString(after_pipeline_id) as pipeline_id,
        toString(after_status_id) as stage_id
    from raw.raw_amocrm__event_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    where event_type = 'lead_status_changed' and entity_type = 'lead' and after_status_id is not null
    order by account_id, event_id, _load_id desc
    limit 1 by account_id, event_id
),

firsts as (
    select
        account_id,
        deal_id,
        argMin(before_pipeline_id, (entered_at, event_id)) as pipeline_id,
        argMin(before_stage_id, (entered_at, event_id)) as stage_id
    from changes
    group by account_id, deal_id
)

-- the vendor tells changes alone: a deal begins in the stage it was first moved from. It has one stage of losses,
-- 143, in every pipeline
select
    account_id,
    deal_id,
    event_id,
    entered_at,
    pipeline_id,
    assumeNotNull(stage_id) as stage_id,
    assumeNotNull(stage_id) = '143' as is_loss
from changes
union all
select
    deals.account_id as account_id,
    deals.deal_id as deal_id,
    concat('begin:', deals.deal_id) as event_id,
    assumeNotNull(deals.created_at) as entered_at,
    coalesce(firsts.pipeline_id, deals.pipeline_id) as pipeline_id,
    assumeNotNull(coalesce(firsts.stage_id, deals.stage_id)) as stage_id,
    assumeNotNull(coalesce(firsts.stage_id, deals.stage_id)) = '143' as is_loss
from stg.stg_amocrm__deal as deals
left join firsts on firsts.account_id = deals.account_id and firsts.deal_id = deals.deal_id
where deals.created_at is not null and coalesce(firsts.stage_id, deals.stage_id) is not null
