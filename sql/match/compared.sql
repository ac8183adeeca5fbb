-- grain: one row per pair: how near the two are in each column: 0 unknown, 1 different … 5 equal. Where given name and
-- surname fit better crosswise they are compared so; places says which column of the other each column met
select
    l,
    r,
    places,
    arrayMap(
        (kind, a, b, x, y, u, v) -> multiIf(
            a = '' or b = '', 0,
            a = b or replaceAll(a, ' ', '') = replaceAll(b, ' ', '') or notEmpty(x) and x = y, 5,
            kind = 'address' and match(a, '\\d') and match(b, '\\d')
            and not hasAny(extractAll(a, '\\d+'), extractAll(b, '\\d+')),
            if(stringJaccardIndex(a, b) >= 0.7, 2, 1),
            kind in ('company', 'name', 'address', 'text'), multiIf(
                arraySum((word, weight) -> if(has(y, word), weight * v[indexOf(y, word)], 0), x, u) >= 0.85
                or stringJaccardIndex(a, b) >= 0.85, 4,
                arraySum((word, weight) -> if(has(y, word), weight * v[indexOf(y, word)], 0), x, u) >= 0.6
                or jaroWinklerSimilarity(a, b) >= 0.93 or hasAll(x, y) or hasAll(y, x), 3,
                arraySum((word, weight) -> if(has(y, word), weight * v[indexOf(y, word)], 0), x, u) >= 0.35
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
            kind = 'email', multiIf(
                splitByChar('@', a)[1] = splitByChar('@', b)[1] or damerauLevenshteinDistance(a, b) <= 2, 4,
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
        one_words,
        arrayMap(place -> pair.other_words[place], places),
        one_weights,
        arrayMap(place -> pair.other_weights[place], places)
    ) as levels
from (
    select
        pairs.l as l,
        pairs.r as r,
        one.texts as one_texts,
        one.words as one_words,
        one.weights as one_weights,
        other.words as other_words,
        other.weights as other_weights,
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
        arrayMap(place -> other.texts[place], places) as other_texts
    from {pairs:Identifier} as pairs
    inner join records as one on pairs.l = one.n
    inner join records as other on pairs.r = other.n
) as pair
