-- grain: one row per weight this build has learned
select
    model_id,
    window_id,
    channel,
    weight,
    standard_error,
    {build_id:String} as build_id,
    _learned_at as as_of,
    (select count() from core.core_journey where kind in ('won', 'none')) as journey_count,
    (select arraySort(groupUniqArray(toString(channel))) from core.core_touch) as known_channels
from core.core_channel_weight
where
    _learned_at = {as_of:DateTime64(6,'UTC')}
    and {build_id:String} not in (select build_id from ops.learned_channel_weight)
    -- a rebuild of the past reads the history and does not write it
    and {as_of:DateTime64(6,'UTC')} > greatest(
        (select max(as_of) from ops.learned_channel_weight where build_id != {build_id:String}),
        (select max(as_of) from ops.build_log where event = 'published' and build_id != {build_id:String})
    )
