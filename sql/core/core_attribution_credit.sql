-- grain: one row per conversion and touch credited for it, and one unattributed row per conversion
with
-- weights belong to the touches of one window, from the last to the first; nobody's touch stands before them
-- and takes all where none of them weighs anything
weights -> arrayPushFront(weights, toInt64(arraySum(weights) = 0)) as with_nobody,

-- parts of the touches that are the first, the enquiry's, the opportunity's, the last; those that coincide add up
parts -> arrayMap(
    (places, first, lead, opportunity, last) -> arrayMap(
        place -> parts.1 * (place = first)
        + parts.2 * (place = lead)
        + parts.3 * (place = opportunity)
        + parts.4 * (place = last),
        places
    ),
    reached_places, firsts, leads, opportunities, lasts
) as own_parts_of,

-- all other touches share one part
(window_parts, rest_part) -> arrayMap(
    (owns, parts, rest_count) -> with_nobody(
        arrayMap((is_own, part) -> is_own * if(part = 0, rest_part, part * rest_count), owns, parts)
    ),
    reached_owns, window_parts,
    arrayMap(
        (owns, parts) -> greatest(arraySum(owns) - arrayCount(part -> part > 0, parts), 1), reached_owns, window_parts
    )
) as weighed_by_place,

-- a channel's weight is shared evenly by its touches
(model, weight_keys, solved_weights) -> arrayMap(
    (numbers, owns, weights) -> with_nobody(arrayMap((is_own, number) -> is_own * weights[number], owns, numbers)),
    window_channels, window_owns,
    arrayMap(
        (counts, nth) -> arrayMap(
            (count, code) -> toInt64(
                unit * transform(model * 2048 + code * 8 + nth, weight_keys, solved_weights, 0.) / greatest(count, 1)
            ),
            counts, different_codes
        ),
        touches_of_channels, range(8)
    )
) as weighed_by_channel,

lists -> arrayConcat(lists[1], lists[2], lists[3], lists[4], lists[5], lists[6], lists[7], lists[8]) as in_one_list,

-- shares of one come first, then those of the money, where an amount is known
weights -> arrayConcat(weights, if(amount is null, [], weights)) as with_money,

(weights, windows) -> arrayResize(arrayWithConstant(length(weights), one), length(windows), money) as wholes_of,

(windows, totals, rests) -> arrayMap(
    (weights, total, rest) -> arrayMap(weight -> intDiv(rest * weight, total), weights), windows, totals, rests
) as floors_of,

-- a larger remainder comes first, then the earlier touch; no two claims are equal
(windows, totals, rests, floors) -> arrayMap(
    (weights, total, rest, parts) -> arrayMap(
        (weight, part, place) -> (rest * weight - part * total) * nobody + place,
        weights, parts, arrayEnumerate(weights)
    ),
    windows, totals, rests, floors
) as claims_of,

-- whole units, none lost, each touch within one unit of its exact share
(windows, totals, wholes, rests, floors, claims) -> arrayFlatten(arrayMap(
    (weights, quotient, parts, wants, least) -> arrayResize(
        arrayMap((weight, part, want) -> quotient * weight + part + (want >= least), weights, parts, wants), nobody
    ),
    windows,
    arrayMap((whole, total) -> intDiv(whole, total), wholes, totals),
    floors,
    claims,
    arrayMap(
        (rest, parts, wants) -> if(
            rest > arraySum(parts), arrayReverseSort(wants)[rest - arraySum(parts)], 9223372036854775807
        ),
        rests, floors, claims
    )
)) as given_of,

-- one array per touch of what it has in each window, model by model; `nth` says which lists, from a place on, are whose
(parts, before, size, nth) -> arrayResize(arrayMap(
    (a, b, c, d, e, f, g, h) -> [a, b, c, d, e, f, g, h],
    arraySlice(parts, before + size * nth[1] + 1, size), arraySlice(parts, before + size * nth[2] + 1, size),
    arraySlice(parts, before + size * nth[3] + 1, size), arraySlice(parts, before + size * nth[4] + 1, size),
    arraySlice(parts, before + size * nth[5] + 1, size), arraySlice(parts, before + size * nth[6] + 1, size),
    arraySlice(parts, before + size * nth[7] + 1, size), arraySlice(parts, before + size * nth[8] + 1, size)
), size) as turned,

(parts, nth) -> arraySlice(parts, nobody * (nth - 1) + 1, nobody) as of_model,

parts -> arrayZip(
    of_model(parts, 1), of_model(parts, 2), of_model(parts, 3),
    of_model(parts, 4), of_model(parts, 5), of_model(parts, 6)
) as by_rule_of,

parts -> arrayZip(of_model(parts, 1), of_model(parts, 2), of_model(parts, 3)) as by_channel_of,

places -> arrayMap(chosen -> reinterpret((chosen = place) * one, 'Decimal(18, 12)'), places) as shares_at,

places -> if(
    amount is null, [], arrayMap(chosen -> reinterpret((chosen = place) * signed_money, 'Decimal(18, 2)'), places)
) as amounts_at,

parts -> arrayMap(part -> reinterpret(part, 'Decimal(18, 12)'), parts) as as_shares,

-- a refund is split like the payment it undoes, so that the two cancel at every touch
parts -> if(amount is null, [], arrayMap(part -> reinterpret(part * sign, 'Decimal(18, 2)'), parts)) as as_amounts,

natures as (
    select groupArrayIf(channel_id, is_paid) as paid, groupArrayIf(channel_id, is_direct) as direct
    from seeds.attribution_channels
),

parameters as (
    select
        groupArrayIf(toFloat64(assumeNotNull(half_life_days)), model_id = 'time_decay') as half_lives,
        groupArrayIf(
            (
                toInt64(ifNull(weight_first, 0)), toInt64(ifNull(weight_lead, 0)),
                toInt64(ifNull(weight_opportunity, 0)), toInt64(ifNull(weight_last, 0)), toInt64(ifNull(weight_rest, 0))
            ),
            model_id in ('position_u', 'position_w', 'full_path')
        ) as position_parts
    from (select * from seeds.attribution_models order by position)
),

-- a channel's code is its place
channel_codes as (
    select arraySort(groupUniqArray(toString(channel))) as names
    from core.core_channel_weight
),

-- a key is a model, the code of one of at most 255 channels, and a window; 0 keeps the lists from being empty
solved as (
    select
        arrayPushBack(groupArray(weight_key), toUInt64(0)) as weight_keys,
        arrayPushBack(groupArray(weight), 0.) as weights
    from (
        select
            toFloat64(learned.weight) as weight,
            toUInt64(
                indexOf(['markov_1', 'markov_2', 'shapley'], toString(learned.model_id)) * 2048
                + indexOf((select names from channel_codes), toString(learned.channel)) * 8 + windows.position - 1
            ) as weight_key
        from core.core_channel_weight as learned
        inner join seeds.attribution_windows as windows on windows.window_id = learned.window_id
    )
),

-- all arrays run from the last touch to the first, so that a window is the beginning of each; nobody's place is 0
turned_round as (
    select
        *,
        toInt64(abs(ifNull(reinterpret(amount, 'Int64'), 0))) as money,
        if(ifNull(amount < 0, false), toInt64(-1), toInt64(1)) as sign,
        toInt64(length(touch_keys)) as touch_count,
        arrayReverse(arrayZip(
            touch_keys, source_labels, campaign_ids, ad_group_ids, ad_ids, keywords,
            arrayMap(day -> toNullable(day), touch_dates)
        )) as facts,
        arrayReverse(arrayMap(name -> toString(name), channels)) as names,
        arrayReverse(touched_persons) as persons,
        arrayReverse(arrayMap(at -> toUnixTimestamp64Micro(at), touch_times)) as times,
        arrayReverse(arrayMap(place -> toInt64(place), arrayEnumerate(touch_keys))) as places,
        arrayReverse(arrayMap(touched -> toInt64(touched = person_key), touched_persons)) as own,
        arrayMap(start -> toInt64(1 + length(touch_keys)) - toInt64(start), window_starts) as lengths,
        ifNull(toUnixTimestamp64Micro(lead_at), -9223372036854775808) as lead_time,
        ifNull(toUnixTimestamp64Micro(opportunity_at), -9223372036854775808) as opportunity_time
    from core.core_journey
    where is_converted
),

journeys as (
    select
        *,
        touch_count + 1 as nobody,
        -- a weight this large still leaves room in 64 bits for weight times sum of weights
        toInt64(sqrt(9000000000000000000 / (touch_count + 1))) as unit,
        toInt64(1000000000000) as one,
        money * sign as signed_money,
        arrayFirst((at, is_own) -> is_own = 1, times, own) as last_time,
        arrayFirst((place, is_own) -> is_own = 1, places, own) as place_last,
        arrayFirst(
            (place, name, is_own) -> is_own = 1 and not has((select direct from natures), name), places, names, own
        ) as place_non_direct,
        arrayReverse(arrayFilter(
            (place, name, is_own) -> is_own = 1 and has((select paid from natures), name), places, names, own
        )) as paid_places,
        arrayFirst((place, at, is_own) -> is_own = 1 and at <= lead_time, places, times, own) as place_lead,
        arrayFirst(
            (place, at, is_own) -> is_own = 1 and at <= opportunity_time, places, times, own
        ) as place_opportunity,
        -- windows of the same touches are worked out once
        arrayDistinct(lengths) as different_lengths,
        arrayEnumerateDense(lengths) as length_numbers,
        arrayEnumerateDense(persons) as person_numbers,
        arrayEnumerateDense(names) as channel_numbers,
        arrayMap(name -> indexOf((select names from channel_codes), name), arrayDistinct(names)) as different_codes
    from turned_round
),

windowed as (
    select
        *,
        -- a colleague's later touch must not grow beyond all numbers
        arrayMap(
            (at, is_own) -> is_own * toInt64(
                unit * exp2(least(at - last_time, 0) / 86400000000 / (select half_lives from parameters)[1])
            ),
            times, own
        ) as decays,
        arrayDistinct(person_numbers) as different_persons,
        arrayDistinct(channel_numbers) as different_channels,
        arrayMap(size -> arraySlice(own, 1, size), lengths) as window_owns,
        arrayMap(size -> arraySlice(channel_numbers, 1, size), lengths) as window_channels,
        arrayMap(size -> arraySlice(places, 1, size), different_lengths) as reached_places,
        arrayMap(size -> arraySlice(own, 1, size), different_lengths) as reached_owns,
        arrayMap(size -> arraySlice(person_numbers, 1, size), different_lengths) as reached_persons,
        arrayMap(
            size -> arrayLast((place, is_own) -> is_own = 1, arraySlice(places, 1, size), arraySlice(own, 1, size)),
            different_lengths
        ) as firsts,
        arrayMap(size -> place_last * (place_last > touch_count - size), different_lengths) as lasts,
        arrayMap(size -> place_lead * (place_lead > touch_count - size), different_lengths) as leads,
        arrayMap(
            size -> place_opportunity * (place_opportunity > touch_count - size), different_lengths
        ) as opportunities
    from journeys
),

weighed as (
    select
        *,
        own_parts_of((select position_parts from parameters)[1]) as parts_position_u,
        own_parts_of((select position_parts from parameters)[2]) as parts_position_w,
        own_parts_of((select position_parts from parameters)[3]) as parts_full_path,
        arrayMap(
            (numbers, owns) -> arrayMap(
                different -> arrayCount((number, is_own) -> is_own = 1 and number = different, numbers, owns),
                different_channels
            ),
            window_channels, window_owns
        ) as touches_of_channels,
        arrayMap(
            numbers -> arrayMap(
                different -> intDiv(unit, greatest(countEqual(numbers, different), 1)), different_persons
            ),
            reached_persons
        ) as weights_of_persons
    from windowed
),

-- window by window, the models in their order; heuristics and channel weights apart, so that who asks for the ones
-- does not wait for the others
combined as (
    select
        *,
        arrayMap(
            (a, b, c, d, e, f) -> [a, b, c, d, e, f],
            arrayMap(owns -> with_nobody(owns), reached_owns),
            arrayMap(size -> with_nobody(arraySlice(decays, 1, size)), different_lengths),
            weighed_by_place(parts_position_u, tupleElement((select position_parts from parameters)[1], 5)),
            weighed_by_place(parts_position_w, tupleElement((select position_parts from parameters)[2], 5)),
            weighed_by_place(parts_full_path, tupleElement((select position_parts from parameters)[3], 5)),
            arrayMap(
                (numbers, weights) -> with_nobody(arrayMap(number -> toInt64(weights[number]), numbers)),
                reached_persons, weights_of_persons
            )
        ) as by_rule,
        arrayMap(
            (a, b, c) -> [a, b, c],
            weighed_by_channel(1, (select weight_keys from solved), (select weights from solved)),
            weighed_by_channel(2, (select weight_keys from solved), (select weights from solved)),
            weighed_by_channel(3, (select weight_keys from solved), (select weights from solved))
        ) as by_channel
    from weighed
),

measured as (
    select
        *,
        in_one_list(by_rule) as rule_weights,
        in_one_list(by_channel) as channel_weights,
        arrayMap(weights -> arraySum(weights), rule_weights) as rule_sums,
        arrayMap(weights -> arraySum(weights), channel_weights) as channel_sums
    from combined
),

-- where no amount is known there is nothing to share out but shares
left_over as (
    select
        *,
        with_money(rule_weights) as rule_windows,
        with_money(rule_sums) as rule_totals,
        wholes_of(rule_weights, rule_windows) as rule_wholes,
        arrayMap((whole, total) -> whole % total, rule_wholes, rule_totals) as rule_rests,
        with_money(channel_weights) as channel_windows,
        with_money(channel_sums) as channel_totals,
        wholes_of(channel_weights, channel_windows) as channel_wholes,
        arrayMap((whole, total) -> whole % total, channel_wholes, channel_totals) as channel_rests
    from measured
),

claimed as (
    select
        *,
        floors_of(rule_windows, rule_totals, rule_rests) as rule_floors,
        claims_of(rule_windows, rule_totals, rule_rests, rule_floors) as rule_claims,
        floors_of(channel_windows, channel_totals, channel_rests) as channel_floors,
        claims_of(channel_windows, channel_totals, channel_rests, channel_floors) as channel_claims
    from left_over
),

given as (
    select
        *,
        given_of(rule_windows, rule_totals, rule_wholes, rule_rests, rule_floors, rule_claims) as rule_given,
        given_of(
            channel_windows, channel_totals, channel_wholes, channel_rests, channel_floors, channel_claims
        ) as channel_given,
        arrayMap(nth -> firsts[nth], length_numbers) as window_firsts,
        arrayMap(nth -> lasts[nth], length_numbers) as window_lasts
    from claimed
),

shared_out as (
    select
        *,
        arrayMap(nth -> toInt64(nth) - 1, length_numbers) as lists_of_windows,
        turned(rule_given, 0, nobody * 6, lists_of_windows) as rule_shares,
        turned(rule_given, nobody * length(rule_weights), nobody * 6, lists_of_windows) as rule_amounts,
        turned(channel_given, 0, nobody * 3, range(8)) as channel_shares,
        turned(channel_given, nobody * length(channel_weights), nobody * 3, range(8)) as channel_amounts,
        arrayMap(
            (size, last) -> if(place_non_direct > touch_count - size, place_non_direct, last), lengths, window_lasts
        ) as lasts_non_direct,
        arrayMap(size -> paid_places[-1] * (paid_places[-1] > touch_count - size), lengths) as lasts_paid,
        arrayMap(size -> arrayFirst(place -> place > touch_count - size, paid_places), lengths) as firsts_paid
    from given
)

select
    journey_key as conversion_key,
    fact.1 as touch_key,
    place != 0 as is_attributed,
    kind,
    deal_key,
    person_key,
    channel,
    fact.2 as source_label,
    fact.3 as campaign_id,
    fact.4 as ad_group_id,
    fact.5 as ad_id,
    fact.6 as keyword,
    fact.7 as touch_date,
    converted_at,
    converted_date,
    cohort_date,
    currency_code,
    vat_basis,
    amount,
    shares_at(window_firsts) as shares_first,
    shares_at(window_lasts) as shares_last,
    shares_at(lasts_non_direct) as shares_last_non_direct,
    shares_at(lasts_paid) as shares_last_paid,
    shares_at(firsts_paid) as shares_first_paid,
    as_shares(rule_share.1) as shares_linear,
    as_shares(rule_share.2) as shares_time_decay,
    as_shares(rule_share.3) as shares_position_u,
    as_shares(rule_share.4) as shares_position_w,
    as_shares(rule_share.5) as shares_full_path,
    as_shares(rule_share.6) as shares_account_weighted,
    as_shares(channel_share.1) as shares_markov_1,
    as_shares(channel_share.2) as shares_markov_2,
    as_shares(channel_share.3) as shares_shapley,
    amounts_at(window_firsts) as amounts_first,
    amounts_at(window_lasts) as amounts_last,
    amounts_at(lasts_non_direct) as amounts_last_non_direct,
    amounts_at(lasts_paid) as amounts_last_paid,
    amounts_at(firsts_paid) as amounts_first_paid,
    as_amounts(rule_amount.1) as amounts_linear,
    as_amounts(rule_amount.2) as amounts_time_decay,
    as_amounts(rule_amount.3) as amounts_position_u,
    as_amounts(rule_amount.4) as amounts_position_w,
    as_amounts(rule_amount.5) as amounts_full_path,
    as_amounts(rule_amount.6) as amounts_account_weighted,
    as_amounts(channel_amount.1) as amounts_markov_1,
    as_amounts(channel_amount.2) as amounts_markov_2,
    as_amounts(channel_amount.3) as amounts_shapley
from shared_out
array join
    arrayPushFront(places, 0) as place,
    arrayPushFront(names, 'unattributed') as channel,
    arrayPushFront(facts, ('', null, null, null, null, null, null)) as fact,
    by_rule_of(rule_shares) as rule_share,
    by_rule_of(rule_amounts) as rule_amount,
    by_channel_of(channel_shares) as channel_share,
    by_channel_of(channel_amounts) as channel_amount
