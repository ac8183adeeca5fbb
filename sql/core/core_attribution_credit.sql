-- grain: one row per conversion and touch credited for it, and one unattributed row per conversion
with
-- in all of these `windows` holds, for each window, one weight per touch and one for nobody's touch
windows -> arrayMap(weights -> arraySum(weights), windows) as totals_of,

(whole, windows, totals) -> arrayMap(
    (weights, total) -> arrayMap(weight -> intDiv((whole % total) * weight, total), weights), windows, totals
) as floors_of,

-- a larger remainder comes first, then the earlier touch; no two claims are equal
(whole, windows, totals) -> arrayMap(
    (weights, total) -> arrayMap(
        (weight, place) -> (((whole % total) * weight) % total) * length(weights) + length(weights) - place,
        weights,
        arrayEnumerate(weights)
    ),
    windows,
    totals
) as claims_of,

(whole, windows, totals, floors, claims) -> arrayMap(
    (weights, total, parts, wants, missing) -> arrayMap(
        (weight, part, want) -> intDiv(whole, total) * weight
        + part
        + (missing > 0 and want >= arrayReverseSort(wants)[missing]),
        weights,
        parts,
        wants
    ),
    windows,
    totals,
    floors,
    claims,
    arrayMap((total, parts) -> whole % total - arraySum(parts), totals, floors)
) as given_of,

-- largest remainder: `whole` units, none lost, each touch within one unit of its exact share
(whole, windows) -> given_of(
    whole,
    windows,
    totals_of(windows),
    floors_of(whole, windows, totals_of(windows)),
    claims_of(whole, windows, totals_of(windows))
) as apportioned,

-- from one array per window to one per touch
windows -> arrayMap(
    (a, b, c, d, e, f, g, h) -> [a, b, c, d, e, f, g, h],
    windows[1], windows[2], windows[3], windows[4], windows[5], windows[6], windows[7], windows[8]
) as transposed,

-- where no touch weighs anything, nobody's touch takes all
windows -> arrayMap(weights -> arrayPushBack(weights, toInt64(arraySum(weights) = 0)), windows) as with_nobody,

-- parts of the touches that are the first, the enquiry's, the opportunity's, the last; the rest share one part
parts -> arrayMap(
    (start, first, lead, opportunity, last, count) -> arrayMap(
        (place, is_own) -> multiIf(
            is_own = 0 or place < start, 0,
            parts.1 * (place = first)
            + parts.2 * (place = lead)
            + parts.3 * (place = opportunity)
            + parts.4 * (place = last) = 0, parts.5,
            (
                parts.1 * (place = first)
                + parts.2 * (place = lead)
                + parts.3 * (place = opportunity)
                + parts.4 * (place = last)
            ) * greatest(
                count - length(arrayDistinct(arrayFilter(
                    key -> key > 0,
                    [first * (parts.1 > 0), lead * (parts.2 > 0), opportunity * (parts.3 > 0), last * (parts.4 > 0)]
                ))),
                1
            )
        ),
        places,
        own
    ),
    starts,
    firsts,
    leads,
    opportunities,
    lasts,
    counts
) as weighed_by_place,

-- a channel's weight is shared evenly by its touches
channel_weights -> arrayMap(
    (start, weights, touches_here) -> arrayMap(
        (place, is_own, number) -> if(
            is_own = 0 or place < start, 0, toInt64(unit * weights[number] / greatest(touches_here[number], 1))
        ),
        places,
        own,
        channel_numbers
    ),
    starts,
    channel_weights,
    touches_of_channel
) as weighed_by_channel,

-- equal weights leave equal remainders: the earliest touches take one unit more until all is given
whole -> arrayMap(
    (start, count) -> multiIf(
        count = 0, if(place = nobody, whole, 0),
        is_own = 0 or place < start, 0,
        intDiv(whole, count) + (nth_own - own_count + count <= whole % count)
    ),
    starts,
    counts
) as linear_of,

parts -> arrayMap(part -> reinterpret(toInt64(part), 'Decimal(18, 12)'), parts) as as_shares,

-- a refund is split like the payment it undoes, so that the two cancel at every touch
parts -> if(
    amount is null, [], arrayMap(part -> reinterpret(toInt64(part) * sign, 'Decimal(18, 2)'), parts)
) as as_money,

natures as (
    select
        groupArrayIf(channel_id, is_paid) as paid_channels,
        groupArrayIf(channel_id, is_direct) as direct_channels
    from seeds.attribution_channels
),

parameters as (
    select
        groupArrayIf(toFloat64(assumeNotNull(half_life_days)), model_id = 'time_decay') as half_lives,
        groupArrayIf(
            (
                toInt64(ifNull(weight_first, 0)),
                toInt64(ifNull(weight_lead, 0)),
                toInt64(ifNull(weight_opportunity, 0)),
                toInt64(ifNull(weight_last, 0)),
                toInt64(ifNull(weight_rest, 0))
            ),
            model_id in ('position_u', 'position_w', 'full_path')
        ) as position_parts
    from (select * from seeds.attribution_models order by position)
),

windows_in_order as (
    select groupArray(window_id) as window_ids
    from (select window_id from seeds.attribution_windows order by position)
),

-- the empty key keeps the lists from being empty
solved as (
    select
        arrayPushBack(groupArray(concat(model_id, '|', window_id, '|', channel)), '') as solved_keys,
        arrayPushBack(groupArray(toFloat64(weight)), 0.) as weights
    from (select * from core.core_channel_weight order by model_id, window_id, channel)
),

journeys as (
    select
        journeys.* except (touch_times, window_starts),
        arrayMap(start -> toInt64(start), window_starts) as starts,
        toInt64(length(touch_keys)) as touch_count,
        touch_count + 1 as nobody,
        arrayMap(place -> toInt64(place), arrayEnumerate(touch_keys)) as places,
        arrayMap(touched -> toInt64(touched = person_key), touched_persons) as own,
        arrayFilter((place, is_own) -> is_own = 1, places, own) as own_places,
        toInt64(length(own_places)) as own_count,
        toInt64(arrayLastIndex(is_own -> is_own = 1, own)) as place_last,
        arrayMap(name -> has((select direct_channels from natures), name), channels) as are_direct,
        arrayMap(name -> has((select paid_channels from natures), name), channels) as are_paid,
        toInt64(
            arrayLastIndex((is_direct, is_own) -> is_own = 1 and not is_direct, are_direct, own)
        ) as place_non_direct,
        arrayFilter((place, is_paid, is_own) -> is_own = 1 and is_paid, places, are_paid, own) as paid_places,
        toInt64(
            arrayLastIndex((at, is_own) -> is_own = 1 and at <= ifNull(lead_at, at - 1), touch_times, own)
        ) as place_lead,
        toInt64(
            arrayLastIndex((at, is_own) -> is_own = 1 and at <= ifNull(opportunity_at, at - 1), touch_times, own)
        ) as place_opportunity,
        arrayMap(start -> toInt64(arrayCount(place -> place >= start, own_places)), starts) as counts,
        -- a weight this large still leaves room in 64 bits for weight times sum of weights
        toInt64(sqrt(9000000000000000000 / (touch_count + 1))) as unit,
        -- a colleague's later touch must not grow beyond all numbers
        arrayMap(
            (at, is_own) -> is_own * toInt64(
                unit * exp2(
                    least(toUnixTimestamp64Micro(at) - toUnixTimestamp64Micro(touch_times[place_last]), 0)
                    / 86400000000 / (select half_lives from parameters)[1]
                )
            ),
            touch_times,
            own
        ) as decays,
        arrayEnumerateDense(touched_persons) as person_numbers,
        arrayEnumerateDense(channels) as channel_numbers,
        arrayDistinct(channels) as channel_names,
        toInt64(1000000000000) as one,
        abs(ifNull(reinterpret(amount, 'Int64'), 0)) as money,
        if(ifNull(amount < 0, false), toInt64(-1), toInt64(1)) as sign
    from core.core_journey as journeys
    where journeys.is_converted
),

placed as (
    select
        *,
        arrayMap(
            start -> arrayFirst(place -> place >= start, arrayPushBack(own_places, nobody)), starts
        ) as firsts,
        arrayMap(start -> if(place_last >= start, place_last, nobody), starts) as lasts,
        arrayMap(
            (start, last) -> if(place_non_direct >= start, place_non_direct, last), starts, lasts
        ) as lasts_non_direct,
        arrayMap(
            start -> if(paid_places[-1] >= start, paid_places[-1], nobody), starts
        ) as lasts_paid,
        arrayMap(
            start -> arrayFirst(place -> place >= start, arrayPushBack(paid_places, nobody)), starts
        ) as firsts_paid,
        arrayMap(start -> if(place_lead >= start, place_lead, 0), starts) as leads,
        arrayMap(start -> if(place_opportunity >= start, place_opportunity, 0), starts) as opportunities,
        -- how many touches each person, and each channel of the person's own, has in each window
        arrayMap(
            start -> arrayMap(
                number -> arrayCount(
                    (place, other) -> place >= start and other = number, places, person_numbers
                ),
                range(1, toUInt32(1 + arrayMax(arrayPushBack(person_numbers, 0))))
            ),
            starts
        ) as touches_of_person,
        arrayMap(
            start -> arrayMap(
                number -> arrayCount(
                    (place, other, is_own) -> is_own = 1 and place >= start and other = number,
                    places,
                    channel_numbers,
                    own
                ),
                range(1, toUInt32(1 + length(channel_names)))
            ),
            starts
        ) as touches_of_channel,
        arrayMap(
            model -> arrayMap(
                window_id -> arrayMap(
                    name -> transform(
                        concat(model, '|', window_id, '|', name),
                        (select solved_keys from solved),
                        (select weights from solved),
                        0.
                    ),
                    channel_names
                ),
                (select window_ids from windows_in_order)
            ),
            ['markov_1', 'markov_2', 'shapley']
        ) as solved_weights
    from journeys
),

weighed as (
    select
        *,
        with_nobody(
            arrayMap(
                start -> arrayMap((decay, place) -> if(place >= start, decay, 0), decays, places), starts
            )
        ) as windows_time_decay,
        with_nobody(weighed_by_place((select position_parts from parameters)[1])) as windows_position_u,
        with_nobody(weighed_by_place((select position_parts from parameters)[2])) as windows_position_w,
        with_nobody(weighed_by_place((select position_parts from parameters)[3])) as windows_full_path,
        with_nobody(
            arrayMap(
                (start, touches_here) -> arrayMap(
                    (place, number) -> if(place < start, 0, intDiv(unit, greatest(touches_here[number], 1))),
                    places,
                    person_numbers
                ),
                starts,
                touches_of_person
            )
        ) as windows_account_weighted,
        with_nobody(weighed_by_channel(solved_weights[1])) as windows_markov_1,
        with_nobody(weighed_by_channel(solved_weights[2])) as windows_markov_2,
        with_nobody(weighed_by_channel(solved_weights[3])) as windows_shapley
    from placed
),

touches as (
    select
        weighed.* except (
            touch_keys, touch_dates, channels, source_labels, campaign_ids, places, own
        ),
        touch_key,
        place,
        is_own,
        nth_own,
        channel,
        source_label,
        campaign_id,
        touch_date,
        share_time_decay,
        money_time_decay,
        share_position_u,
        money_position_u,
        share_position_w,
        money_position_w,
        share_full_path,
        money_full_path,
        share_account_weighted,
        money_account_weighted,
        share_markov_1,
        money_markov_1,
        share_markov_2,
        money_markov_2,
        share_shapley,
        money_shapley
    from weighed
    array join
        arrayPushBack(touch_keys, '') as touch_key,
        arrayPushBack(places, nobody) as place,
        arrayPushBack(own, 0) as is_own,
        arrayPushBack(arrayCumSum(own), 0) as nth_own,
        arrayPushBack(channels, 'unattributed') as channel,
        arrayPushBack(source_labels, null) as source_label,
        arrayPushBack(campaign_ids, null) as campaign_id,
        arrayPushBack(arrayMap(day -> toNullable(day), touch_dates), null) as touch_date,
        transposed(apportioned(one, windows_time_decay)) as share_time_decay,
        transposed(apportioned(money, windows_time_decay)) as money_time_decay,
        transposed(apportioned(one, windows_position_u)) as share_position_u,
        transposed(apportioned(money, windows_position_u)) as money_position_u,
        transposed(apportioned(one, windows_position_w)) as share_position_w,
        transposed(apportioned(money, windows_position_w)) as money_position_w,
        transposed(apportioned(one, windows_full_path)) as share_full_path,
        transposed(apportioned(money, windows_full_path)) as money_full_path,
        transposed(apportioned(one, windows_account_weighted)) as share_account_weighted,
        transposed(apportioned(money, windows_account_weighted)) as money_account_weighted,
        transposed(apportioned(one, windows_markov_1)) as share_markov_1,
        transposed(apportioned(money, windows_markov_1)) as money_markov_1,
        transposed(apportioned(one, windows_markov_2)) as share_markov_2,
        transposed(apportioned(money, windows_markov_2)) as money_markov_2,
        transposed(apportioned(one, windows_shapley)) as share_shapley,
        transposed(apportioned(money, windows_shapley)) as money_shapley
)

select
    journey_key as conversion_key,
    touch_key,
    touch_key != '' as is_attributed,
    kind,
    deal_key,
    person_key,
    channel,
    source_label,
    campaign_id,
    touch_date,
    converted_at,
    converted_date,
    cohort_date,
    currency_code,
    vat_basis,
    amount,
    as_shares(arrayMap(chosen -> if(chosen = place, one, 0), firsts)) as shares_first,
    as_shares(arrayMap(chosen -> if(chosen = place, one, 0), lasts)) as shares_last,
    as_shares(arrayMap(chosen -> if(chosen = place, one, 0), lasts_non_direct)) as shares_last_non_direct,
    as_shares(arrayMap(chosen -> if(chosen = place, one, 0), lasts_paid)) as shares_last_paid,
    as_shares(arrayMap(chosen -> if(chosen = place, one, 0), firsts_paid)) as shares_first_paid,
    as_shares(linear_of(one)) as shares_linear,
    as_shares(share_time_decay) as shares_time_decay,
    as_shares(share_position_u) as shares_position_u,
    as_shares(share_position_w) as shares_position_w,
    as_shares(share_full_path) as shares_full_path,
    as_shares(share_account_weighted) as shares_account_weighted,
    as_shares(share_markov_1) as shares_markov_1,
    as_shares(share_markov_2) as shares_markov_2,
    as_shares(share_shapley) as shares_shapley,
    as_money(arrayMap(chosen -> if(chosen = place, money, 0), firsts)) as amounts_first,
    as_money(arrayMap(chosen -> if(chosen = place, money, 0), lasts)) as amounts_last,
    as_money(arrayMap(chosen -> if(chosen = place, money, 0), lasts_non_direct)) as amounts_last_non_direct,
    as_money(arrayMap(chosen -> if(chosen = place, money, 0), lasts_paid)) as amounts_last_paid,
    as_money(arrayMap(chosen -> if(chosen = place, money, 0), firsts_paid)) as amounts_first_paid,
    as_money(linear_of(money)) as amounts_linear,
    as_money(money_time_decay) as amounts_time_decay,
    as_money(money_position_u) as amounts_position_u,
    as_money(money_position_w) as amounts_position_w,
    as_money(money_full_path) as amounts_full_path,
    as_money(money_account_weighted) as amounts_account_weighted,
    as_money(money_markov_1) as amounts_markov_1,
    as_money(money_markov_2) as amounts_markov_2,
    as_money(money_shapley) as amounts_shapley
from touches
