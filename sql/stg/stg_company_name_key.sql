-- grain: one row per company name as typed; restricted, only its hash leaves this layer
with typed as (
    select company_name as raw_value from stg.stg_identity_record
    union distinct
    select company_name as raw_value from stg.stg_bitrix24__company
    union distinct
    select company_name as raw_value from stg.stg_amocrm__company
    union distinct
    select company_name as raw_value from stg.stg_hubspot__company
    union distinct
    select company_name as raw_value from stg.stg_moysklad__company
),

-- one alphabet, no legal form, no marks: `ООО «Гранит-Проект»`, `granitproekt` and `ГРАНИТПРОЕКТ АО`
lettered as (
    select
        assumeNotNull(raw_value) as raw_value,
        replaceAll(lowerUTF8(assumeNotNull(raw_value)), 'ё', 'е') as small_letters,
        concat(
            '(?:^|[^a-zа-я])(ооо|оао|зао|пао|нпо|ао|ип|тд|тоо|гк',
            '|llc|inc|ltd|limited|corp|co|company|gmbh|lp|plc|jsc)(?:[^a-zа-я]|$)'
        ) as form_pattern,
        extract(small_letters, form_pattern) as legal_form,
        replaceRegexpAll(small_letters, form_pattern, ' ') as bare_name,
        translateUTF8(bare_name, 'абвгдезийклмнопрстуфыэ', 'abvgdeziyklmnoprstufye') as simple_letters,
        replaceAll(replaceAll(replaceAll(simple_letters, 'ж', 'zh'), 'х', 'kh'), 'ц', 'ts') as first_pairs,
        replaceAll(replaceAll(replaceAll(first_pairs, 'ч', 'ch'), 'ш', 'sh'), 'щ', 'sch') as second_pairs,
        replaceAll(replaceAll(second_pairs, 'ю', 'yu'), 'я', 'ya') as latin_name,
        replaceRegexpAll(latin_name, '[^a-z0-9]', '') as name_letters
    from typed
    where raw_value is not null
)

select
    raw_value,
    -- two letters that changed places are the likeliest slip of a typist, so their order plays no part
    lower(hex(HMAC(
        'sha256',
        concat('company ', arrayStringConcat(arraySort(extractAll(name_letters, '.')))),
        {identity_key:String}
    ))) as name_hash,
    nullIf(legal_form, '') as legal_form
from lettered
where length(name_letters) >= 3
