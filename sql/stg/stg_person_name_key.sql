-- grain: one row per name as said; restricted, only its hashes leave this layer
with typed as (
    select distinct assumeNotNull(name_said) as raw_value
    from stg.stg_identity_record
    where name_said is not null
),

-- one alphabet, so that `Kiselev` of a mailbox is `Киселёв` of a form
lettered as (
    select
        raw_value,
        translateUTF8(
            lowerUTF8(raw_value), 'абвгдеёзийклмнопрстуфыэ', 'abvgdeeziyklmnoprstufye'
        ) as simple_letters,
        replaceAll(replaceAll(replaceAll(simple_letters, 'ж', 'zh'), 'х', 'kh'), 'ц', 'ts') as first_pairs,
        replaceAll(replaceAll(replaceAll(first_pairs, 'ч', 'ch'), 'ш', 'sh'), 'щ', 'sch') as second_pairs,
        replaceAll(replaceAll(second_pairs, 'ю', 'yu'), 'я', 'ya') as third_pairs,
        replaceAll(replaceAll(third_pairs, 'ь', ''), 'ъ', '') as latin_name
    from typed
),

words as (
    select
        raw_value,
        splitByRegexp('[^a-z]+', latin_name) as letters,
        -- a letter of its own, or one that became two, followed by a point
        arrayFilter(word -> length(word) = 1 or word in ('zh', 'kh', 'ts', 'ch', 'sh', 'sch', 'yu', 'ya'), letters)
            as initials,
        arraySort(arrayDistinct(arrayFilter(word -> word != '' and not has(initials, word), letters))) as whole_words
    from lettered
),

-- `Роман`, `Роман К.` and `Киселёв Роман` may be one man, and `Роман К.` is never `Роман Белов`:
-- a name holds every shorter form of itself
forms as (
    select
        raw_value,
        multiIf(
            empty(whole_words), 0,
            length(whole_words) > 1, 3,
            notEmpty(initials), 2,
            1
        ) as name_detail,
        multiIf(
            name_detail = 3, arrayStringConcat(whole_words, ' '),
            name_detail = 2, concat(whole_words[1], ' ', substring(initials[1], 1, 1), '.'),
            name_detail = 1, whole_words[1],
            ''
        ) as whole_name,
        arrayDistinct(arrayConcat(
            [whole_name],
            whole_words,
            if(
                name_detail = 3,
                arrayFlatten(arrayMap(
                    word -> arrayMap(
                        other -> concat(word, ' ', substring(other, 1, 1), '.'),
                        arrayFilter(other -> other != word, whole_words)
                    ),
                    whole_words
                )),
                []
            )
        )) as all_forms
    from words
)

select
    raw_value,
    toUInt8(name_detail) as name_detail,
    lower(hex(HMAC('sha256', concat('name ', whole_name), {identity_key:String}))) as name_hash,
    arrayMap(
        form -> lower(hex(HMAC('sha256', concat('name ', form), {identity_key:String}))), all_forms
    ) as form_hashes
from forms
where name_detail > 0
