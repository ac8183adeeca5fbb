-- grain: one row per pair: how near the two are in each column: 0 unknown, 1 different … 5 equal; kin: 1 strangers,
-- 2 colleagues, 3 housemates. Where given name and surname fit better crosswise they are compared so; places says
-- which column of the other each column met
with
-- this word with a slip of the keyboard
(word, words) -> arrayExists(
    other -> least(length(word), length(other)) > 3
    and damerauLevenshteinDistance(word, other) <= if(greatest(length(word), length(other)) > 9, 2, 1),
    words
) as is_misspelt,

-- one letter, which may be two in Latin script
word -> length(word) = 1 or word in ('zh', 'kh', 'ts', 'ch', 'sh', 'sch', 'yu', 'ya') as is_initial,

(word, words) -> is_misspelt(word, words) or arrayExists(
    other -> is_initial(word) and startsWith(other, word) or is_initial(other) and startsWith(word, other), words
) as is_told,

side_by_side as (
    select
        pairs.l as l,
        pairs.r as r,
        one.texts as one_texts,
        one.words as one_words,
        one.lengths as one_lengths,
        {given:UInt8} as given,
        {surname:UInt8} as surname,
        given > 0 and surname > 0
        and jaroWinklerSimilarity(one.texts[given], other.texts[surname])
        + jaroWinklerSimilarity(one.texts[surname], other.texts[given])
        > jaroWinklerSimilarity(one.texts[given], other.texts[given])
        + jaroWinklerSimilarity(one.texts[surname], other.texts[surname]) + 0.3 as swapped,
        arrayMap(
            place -> multiIf(swapped and place = given, surname, swapped and place = surname, given, place),
            arrayEnumerate(other.texts)
        ) as places,
        -- Arrays are copied for each of their elements here: only where names are swapped.
        if(swapped, arrayMap(place -> other.texts[place], places), other.texts) as other_texts,
        other.words as other_words,
        other.lengths as other_lengths
    from {pairs:Identifier} as pairs
    inner join records as one on pairs.l = one.n
    inner join records as other on pairs.r = other.n
),

shared_words as (
    select
        *,
        arrayMap((x, y) -> arrayIntersect(x, y), one_words, other_words) as shared
    from side_by_side
),

overlaps as (
    select
        l,
        r,
        places,
        one_texts,
        other_texts,
        arrayMap(
            (words, x, y) -> arraySum(word -> bitAnd(word, 16777215), words) / (x * y),
            shared, one_lengths, other_lengths
        ) as nearness,
        arrayMap(
            (words, x, y) -> notEmpty(x) and length(words) = length(x) and length(x) = length(y),
            shared, one_words, other_words
        ) as same_words,
        arrayMap(
            (words, x, y) -> length(words) = least(length(x), length(y)), shared, one_words, other_words
        ) as within,
        {bearer:UInt8} > 0 and notEmpty(shared[{bearer:UInt8}]) as is_namesake,
        if({full_name:UInt8} > 0, splitByChar(' ', one_texts[{full_name:UInt8}]), ['']) as one_name,
        if({full_name:UInt8} > 0, splitByChar(' ', other_texts[{full_name:UInt8}]), ['']) as other_name,
        arrayFilter(word -> not has(other_name, word), one_name) as one_rest,
        arrayFilter(word -> not has(one_name, word), other_name) as other_rest,
        arrayCount(
            word -> not is_initial(word) and (has(other_name, word) or is_misspelt(word, other_rest)), one_name
        ) as words_met,
        -- who leaves out a word of a name may be the other, who has another word instead is not
        {full_name:UInt8} > 0
        and least(length(one_name), length(other_name)) > 1
        and greatest(length(one_name), length(other_name)) <= {longest_name:UInt8}
        and words_met > 0
        and (
            arrayAll(word -> is_told(word, other_rest), one_rest)
            or arrayAll(word -> is_told(word, one_rest), other_rest)
        ) as names_agree
    from shared_words
),

levelled as (
    select
        l,
        r,
        places,
        is_namesake,
        arrayMap(
            (kind, a, b, near, same, within, place) -> multiIf(
                a = '' or b = '', 0,
                a = b or replaceAll(a, ' ', '') = replaceAll(b, ' ', '') or same, 5,
                place = {full_name:UInt8} and names_agree, 4,
                kind = 'address' and match(a, '\\d') and match(b, '\\d')
                and not hasAny(extractAll(a, '\\d+'), extractAll(b, '\\d+')),
                if(stringJaccardIndex(a, b) >= 0.7, 2, 1),
                kind in ('company', 'name', 'address', 'text'), multiIf(
                    near >= 0.85
                    or if(
                        kind = 'name' and greatest(length(a), length(b)) <= 40,
                        damerauLevenshteinDistance(a, b) <= greatest(length(a), length(b)) / 8,
                        stringJaccardIndex(a, b) >= 0.85
                    ), 4,
                    near >= 0.6
                    or jaroWinklerSimilarity(a, b) >= 0.93 or within, 3,
                    near >= 0.35
                    or jaroWinklerSimilarity(a, b) >= 0.85, 2,
                    1
                ),
                kind in ('given_name', 'surname', 'city'), multiIf(
                    jaroWinklerSimilarity(a, b) >= 0.92 or damerauLevenshteinDistance(a, b) = 1, 4,
                    jaroWinklerSimilarity(a, b) >= 0.85 or damerauLevenshteinDistance(a, b) = 2 and length(a) > 4, 3,
                    jaroWinklerSimilarity(a, b) >= 0.75 or substring(a, 1, 3) = substring(b, 1, 3), 2,
                    1
                ),
                kind = 'phone', multiIf(
                    right(a, 7) = right(b, 7), 4,
                    damerauLevenshteinDistance(right(a, 10), right(b, 10)) = 1, 3,
                    1
                ),
                -- a figure in a mailbox tells namesakes apart: another one is no slip of the keyboard
                kind = 'email', multiIf(
                    splitByChar('@', a)[1] = splitByChar('@', b)[1], 4,
                    extractAll(splitByChar('@', a)[1], '[0-9]+') != extractAll(splitByChar('@', b)[1], '[0-9]+'), 1,
                    damerauLevenshteinDistance(a, b) <= 2, 4,
                    jaroWinklerSimilarity(splitByChar('@', a)[1], splitByChar('@', b)[1]) >= 0.92, 3,
                    jaroWinklerSimilarity(splitByChar('@', a)[1], splitByChar('@', b)[1]) >= 0.8, 2,
                    1
                ),
                kind = 'birth_date', multiIf(
                    damerauLevenshteinDistance(a, b) = 1
                    or substring(a, 1, 4) = substring(b, 1, 4) and substring(a, 5, 2) = substring(b, 7, 2)
                    and substring(a, 7, 2) = substring(b, 5, 2), 4,
                    substring(a, 5) = substring(b, 5) or damerauLevenshteinDistance(a, b) = 2
                    or abs(toInt32OrZero(a) - toInt32OrZero(b)) <= 100, 3,
                    substring(a, 1, 4) = substring(b, 1, 4) or abs(toInt32OrZero(a) - toInt32OrZero(b)) <= 10000, 2,
                    1
                ),
                kind in ('tax_id', 'postcode', 'house_number') and length(a) > 2, multiIf(
                    damerauLevenshteinDistance(a, b) = 1, 4,
                    damerauLevenshteinDistance(a, b) = 2 and length(a) > 4, 3,
                    substring(a, 1, 3) = substring(b, 1, 3), 2,
                    1
                ),
                1
            ),
            {kinds:Array(String)},
            one_texts,
            other_texts,
            nearness,
            same_words,
            within,
            arrayEnumerate(one_texts)
        ) as nearest
    from overlaps
)

select
    l,
    r,
    places,
    -- a mailbox is made of its owner's name: that those of two namesakes are alike says nothing
    if(
        {bearer:UInt8} > 0 and (nearest[{bearer:UInt8}] >= 4 or is_namesake),
        arrayMap(
            (level, kind) -> if(kind = 'email' and level between 2 and 4, 0, level), nearest, {kinds:Array(String)}
        ),
        nearest
    ) as levels,
    multiIf(
        {firm:UInt8} > 0 and levels[{firm:UInt8}] >= 3, 2,
        arrayExists(places -> arrayAll(place -> levels[place] >= 4, places), {homes:Array(Array(UInt8))}), 3,
        1
    ) as kin
from levelled
