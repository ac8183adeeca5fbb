-- grain: one row per conversion, and one per person whose last touches led to none
with windows as (
    select
        groupArray(days) as window_days,
        groupArray(anchor = 'lead') as are_anchored
    from (select days, anchor from seeds.attribution_windows order by position)
),

spoken as (
    select person_key, min(touched_at) as first_spoken_at
    from core.core_touch
    where not startsWith(person_key, 'visitor:') and direction != 'out' and kind != 'visit'
    group by person_key
),

-- we called before they had spoken to us; later it is service, and a call back answers what brought them
outreach as (
    select calls.touch_key as touch_key
    from core.core_touch as calls
    left join spoken on spoken.person_key = calls.person_key
    where
        not startsWith(calls.person_key, 'visitor:')
        and calls.direction = 'out'
        and calls.channel in (select channel_id from seeds.attribution_channels where is_outreach)
        and (spoken.first_spoken_at is null or calls.touched_at < spoken.first_spoken_at)
),

-- robots and our other calls touch nobody
in_order as (
    select
        person_key,
        arraySort(
            groupArray((
                touched_at,
                touch_key,
                touch_date,
                toString(channel),
                source_label,
                campaign_id,
                ad_group_id,
                ad_id,
                keyword
            ))
        ) as touches
    from core.core_touch
    where
        -- most touches are of browsers nobody has spoken from; they are side by side, and skipped unread
        not startsWith(person_key, 'visitor:')
        and not is_robot
        and (direction != 'out' or touch_key in (select touch_key from outreach))
    group by person_key
),

compared as (
    select
        person_key,
        touches,
        touches.1 as times,
        touches.4 as channels,
        arrayMap(campaign -> ifNull(campaign, ''), touches.6) as campaigns
    from in_order
),

-- touches of one channel and campaign within half an hour of each other are one, the first: who calls or writes
-- from a visit was brought once
cut as (
    select
        person_key,
        arrayFilter(
            (touch, place, at, at_before, channel, channel_before, campaign, campaign_before) -> place = 1
            or channel != channel_before
            or campaign != campaign_before
            or at >= addMinutes(at_before, 30),
            touches,
            arrayEnumerate(touches),
            times,
            arrayShiftRight(times, 1),
            channels,
            arrayShiftRight(channels, 1),
            campaigns,
            arrayShiftRight(campaigns, 1)
        ) as kept
    from compared
),

sessions as (
    select
        person_key,
        arrayZip(
            kept.1, kept.2, kept.3, kept.4, kept.5, kept.6, arrayWithConstant(length(kept), person_key),
            kept.7, kept.8, kept.9
        ) as touches
    from cut
),

members as (
    select person_key as member_key, account_key as company_key
    from core.core_account_member
    where account_key != person_key
),

-- named so that touches of nobody else are grouped for it
colleagues as (
    select person_key, touches
    from sessions
    where person_key in (select member_key from members)
),

-- most people belong to no company, and their touches need no second grouping
accounts as (
    select
        person_key as owner_key,
        touches
    from sessions
    where person_key not in (select member_key from members)
    union all
    select
        members.company_key as owner_key,
        arraySort(arrayFlatten(groupArray(colleagues.touches))) as touches
    from colleagues
    inner join members on members.member_key = colleagues.person_key
    group by members.company_key
),

last_wins as (
    select person_key, max(looks_back_from_at) as last_won_at
    from core.core_conversion
    where kind = 'won' and looks_back_from_at is not null
    group by person_key
),

-- a person's touches after their last win, or without one, are a journey that failed;
-- a browser nobody has spoken from could not be seen winning, so it tells nothing of failing either
endings as (
    select
        conversion_key as journey_key,
        true as is_converted,
        kind,
        person_key,
        deal_key,
        converted_at,
        converted_date,
        looks_back_from_at,
        toDateTime64('1900-01-01 00:00:00', 6, 'UTC') as begins_after_at,
        lead_at,
        opportunity_at,
        amount,
        currency_code,
        vat_basis
    from core.core_conversion
    union all
    select
        concat('none:', people.person_key) as journey_key,
        false as is_converted,
        'none' as kind,
        people.person_key as person_key,
        null as deal_key,
        null as converted_at,
        null as converted_date,
        null as looks_back_from_at,
        ifNull(last_wins.last_won_at, toDateTime64('1900-01-01 00:00:00', 6, 'UTC')) as begins_after_at,
        null as lead_at,
        null as opportunity_at,
        null as amount,
        'XXX' as currency_code,
        'unknown' as vat_basis
    from core.core_person as people
    left join last_wins on last_wins.person_key = people.person_key
),

anchored as (
    select
        endings.*,
        ifNull(members.company_key, endings.person_key) as account_key
    from endings
    left join members on members.member_key = endings.person_key
),

-- the side joined is held in memory: that of the endings, for the touches are many times wider
touched as (
    select
        anchored.*,
        accounts.touches as touches,
        indexOf(accounts.touches.7, anchored.person_key) as first_place,
        toInt64(length(accounts.touches)) + 1
        - toInt64(indexOf(arrayReverse(accounts.touches.7), anchored.person_key)) as last_place
    from accounts
    right join anchored on accounts.owner_key = anchored.account_key -- noqa: CV08
),

-- what failed ends at its last touch
ended as (
    select
        * except (looks_back_from_at),
        if(is_converted, looks_back_from_at, toNullable(touches.1[last_place])) as looks_back_from_at
    from touched
    where is_converted or (first_place != 0 and touches.1[last_place] > begins_after_at)
),

bounded as (
    select
        ended.*,
        arrayMap(
            (days, is_anchored) -> ifNull(
                subtractDays(
                    if(
                        is_anchored,
                        least(ifNull(ended.lead_at, ended.looks_back_from_at), ended.looks_back_from_at),
                        ended.looks_back_from_at
                    ),
                    days
                ),
                toDateTime64('2261-01-01 00:00:00', 6, 'UTC')
            ),
            windows.window_days,
            windows.are_anchored
        ) as begins
    from ended
    cross join windows
),

limited as (
    select
        *,
        greatest(arrayMin(begins), begins_after_at) as touched_after_at,
        ifNull(looks_back_from_at, toDateTime64('1900-01-01 00:00:00', 6, 'UTC')) as touched_by_at
    from bounded
),

-- no touch after the conversion; a touch at its very instant is before it
reached as (
    select
        *,
        arrayFilter(
            touch -> touch.1 > touched_after_at
            and touch.1 <= touched_by_at
            and (is_converted or touch.7 = person_key),
            touches
        ) as journey
    from limited
),

journeys as (
    select *, journey.1 as times
    from reached
)

select
    journey_key,
    is_converted,
    kind,
    person_key,
    account_key,
    deal_key,
    converted_at,
    converted_date,
    looks_back_from_at,
    lead_at,
    opportunity_at,
    if(
        first_place = 0 or touches.1[first_place] > looks_back_from_at, converted_date, touches.3[first_place]
    ) as cohort_date,
    amount,
    currency_code,
    vat_basis,
    -- the place of the first touch inside each window; one past the last where there is none
    arrayMap(begin -> toUInt32(1 + arrayCount(at -> at <= begin, times)), begins) as window_starts,
    journey.2 as touch_keys,
    times as touch_times,
    journey.3 as touch_dates,
    journey.4 as channels,
    journey.5 as source_labels,
    journey.6 as campaign_ids,
    journey.8 as ad_group_ids,
    journey.9 as ad_ids,
    journey.10 as keywords,
    journey.7 as touched_persons
from journeys
-- touches of two thousand people stay in the processor's cache, those of 65 thousand do not
settings max_block_size = 2048
