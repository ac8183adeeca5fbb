-- grain: one row per deal and entry into a stage
with entries as (
    select 'bitrix24' as source, account_id, deal_id, event_id, entered_at, pipeline_id, stage_id, is_loss
    from stg.stg_bitrix24__stage_history
    union all
    select 'amocrm' as source, account_id, deal_id, event_id, entered_at, pipeline_id, stage_id, is_loss
    from stg.stg_amocrm__stage_history
    union all
    -- HubSpot's history does not say which stages are losses; those that lost deals stand in are
    select
        'hubspot' as source,
        account_id,
        deal_id,
        event_id,
        entered_at,
        pipeline_id,
        stage_id,
        concat(account_id, ':', stage_id) in (
            select concat(account_id, ':', stage_id)
            from core.core_deal
            where source = 'hubspot' and status = 'lost' and stage_id is not null
        ) as is_loss
    from stg.stg_hubspot__stage_history
),

known as (
    select
        deals.deal_key as deal_key,
        deals.status as status,
        entries.event_id as event_id,
        entries.entered_at as entered_at,
        entries.pipeline_id as pipeline_id,
        entries.stage_id as stage_id,
        entries.is_loss as is_loss
    from entries
    inner join core.core_deal as deals
        on deals.source = entries.source
        and deals.account_id = entries.account_id
        and deals.deal_id = entries.deal_id
),

numbered as (
    select
        *,
        row_number() over (partition by deal_key order by entered_at, event_id) as nth,
        first_value(stage_id) over (partition by deal_key order by entered_at, event_id) as first_stage_id,
        leadInFrame(toNullable(entered_at)) over (
            partition by deal_key
            order by entered_at, event_id
            rows between unbounded preceding and unbounded following
        ) as left_at
    from known
)

select
    deal_key,
    nth,
    entered_at,
    left_at,
    left_at is null as is_current,
    pipeline_id,
    stage_id,
    -- a deal that left its first stage for anything but a loss was an opportunity from then on
    stage_id != first_stage_id and not is_loss and not (status = 'lost' and left_at is null) as is_opportunity
from numbered
