-- grain: one row per deal and entry into a stage
with entries as (
    select 'bitrix24' as source, account_id, deal_id, event_id, entered_at, pipeline_id, stage_id
    from stg.stg_bitrix24__stage_history
    union all
    select 'amocrm' as source, account_id, deal_id, event_id, entered_at, pipeline_id, stage_id
    from stg.stg_amocrm__stage_history
    union all
    select 'hubspot' as source, account_id, deal_id, event_id, entered_at, pipeline_id, stage_id
    from stg.stg_hubspot__stage_history
),

known as (
    select
        deals.deal_key as deal_key,
        deals.status as status,
        entries.event_id as event_id,
        entries.entered_at as entered_at,
        entries.pipeline_id as pipeline_id,
        entries.stage_id as stage_id
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
    -- a deal that left its first stage for anything but its loss was an opportunity from then on
    nth > 1 and not (status = 'lost' and left_at is null) as is_opportunity
from numbered
