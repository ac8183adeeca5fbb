-- grain: one row per touch that bears a part of what its campaign spent on its day
with heard as (
    select
        person_key,
        touch_key,
        touched_at,
        touch_date,
        kind,
        toString(channel) as channel,
        ifNull(campaign_id, '') as campaign_id,
        lagInFrame(toString(channel), 1, '') over in_order as channel_before,
        lagInFrame(ifNull(campaign_id, ''), 1, '') over in_order as campaign_before,
        lagInFrame(toNullable(touched_at)) over in_order as touched_before_at
    from core.core_touch
    where not is_robot and direction != 'out'
    window in_order as (partition by person_key order by touched_at, touch_key)
),

-- as in journeys, touches of one channel and campaign within half an hour of each other are one: the first
begun as (
    select
        *,
        touched_before_at is null
        or channel != channel_before
        or campaign_id != campaign_before
        or touched_at >= addMinutes(assumeNotNull(touched_before_at), 30) as is_first
    from heard
),

numbered as (
    select
        *,
        sum(is_first) over (
            partition by person_key
            order by touched_at, touch_key
            rows between unbounded preceding and current row
        ) as nth_session
    from begun
),

sessions as (
    select
        *,
        max(kind = 'visit') over (partition by person_key, nth_session) as has_visit
    from numbered
    where campaign_id != ''
),

-- a click is a visit; who calls or writes from that visit has cost nothing more. Where no counter saw a
-- visit of the campaign, its calls and forms stand for the clicks
clicks as (
    select *
    from (
        select
            *,
            max(has_visit) over (partition by channel, campaign_id, touch_date) as has_visits
        from sessions
        where is_first
    )
    where has_visit or not has_visits
),

-- one unknown part makes the whole unknown, never smaller; money of two currencies is never added
spend as (
    select
        stats_date,
        toString(channel) as channel,
        campaign_id,
        any(currency_code) as currency_code,
        toInt128(sum(cost_net_amount) * 1000000) as net_micros,
        toInt128(sum(cost_gross_amount) * 1000000) as gross_micros,
        countIf(cost_net_amount is null) = 0 as is_net_known,
        countIf(cost_gross_amount is null) = 0 as is_gross_known
    from core.core_ad_spend_daily
    where campaign_id != ''
    group by stats_date, channel, campaign_id
    having uniqExact(currency_code) = 1 and (is_net_known or is_gross_known)
),

shared as (
    select
        clicks.touch_key as touch_key,
        clicks.channel as channel,
        clicks.campaign_id as campaign_id,
        clicks.touch_date as touch_date,
        spend.currency_code as currency_code,
        if(spend.is_net_known, spend.net_micros, null) as net_micros,
        if(spend.is_gross_known, spend.gross_micros, null) as gross_micros,
        toInt128(count() over (partition by clicks.channel, clicks.campaign_id, clicks.touch_date)) as touch_count,
        toInt128(row_number() over (
            partition by clicks.channel, clicks.campaign_id, clicks.touch_date
            order by clicks.touched_at, clicks.touch_key
        )) as place
    from clicks
    inner join spend
        on spend.stats_date = clicks.touch_date
        and spend.channel = clicks.channel
        and spend.campaign_id = clicks.campaign_id
)

-- what does not divide goes to the earliest, a millionth each
select
    touch_key,
    channel,
    campaign_id,
    touch_date,
    currency_code,
    toDecimal128(
        intDiv(net_micros, touch_count) + if(place <= abs(net_micros % touch_count), sign(net_micros), 0), 6
    ) / 1000000 as cost_net_amount,
    toDecimal128(
        intDiv(gross_micros, touch_count) + if(place <= abs(gross_micros % touch_count), sign(gross_micros), 0), 6
    ) / 1000000 as cost_gross_amount
from shared
