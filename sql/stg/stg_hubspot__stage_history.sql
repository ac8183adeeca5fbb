-- grain: one row per account and entry of a deal into a stage
with changes as (
    select
        account_id,
        toString(object_id) as deal_id,
        property_name,
        value,
        changed_at
    from raw.raw_hubspot__stage_history_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    where object_type = 'deal' and property_name in ('dealstage', 'pipeline') and value != ''
    order by account_id, object_id, property_name, changed_at, value, _load_id desc
    limit 1 by account_id, object_id, property_name, changed_at, value
),

pipelines as (
    select
        account_id,
        deal_id,
        arraySort(groupArray((changed_at, value))) as moves
    from changes
    where property_name = 'pipeline'
    group by account_id, deal_id
)

select
    changes.account_id as account_id,
    changes.deal_id as deal_id,
    concat(changes.deal_id, ':', toString(changes.changed_at), ':', changes.value) as event_id,
    changes.changed_at as entered_at,
    -- a stage of a pipeline the deal has not entered yet was written a moment before it
    coalesce(
        nullIf(tupleElement(arrayLast(move -> move.1 <= changes.changed_at, pipelines.moves), 2), ''),
        nullIf(tupleElement(pipelines.moves[1], 2), '')
    ) as pipeline_id,
    changes.value as stage_id
from changes
left join pipelines
    on pipelines.account_id = changes.account_id
    and pipelines.deal_id = changes.deal_id
where changes.property_name = 'dealstage'
