-- grain: one row per company a source keeps; restricted, only its hashes leave this layer
with records as (
    select
        'bitrix24' as source,
        account_id,
        company_id,
        created_at,
        company_name,
        phones,
        emails,
        domains,
        inn,
        kpp,
        merged_ids,
        is_deleted
    from stg.stg_bitrix24__company
    union all
    select
        'amocrm' as source,
        account_id,
        company_id,
        created_at,
        company_name,
        phones,
        emails,
        domains,
        inn,
        kpp,
        merged_ids,
        is_deleted
    from stg.stg_amocrm__company
    union all
    select
        'hubspot' as source,
        account_id,
        company_id,
        created_at,
        company_name,
        phones,
        emails,
        domains,
        inn,
        kpp,
        merged_ids,
        is_deleted
    from stg.stg_hubspot__company
    union all
    select
        'moysklad' as source,
        account_id,
        company_id,
        created_at,
        company_name,
        phones,
        emails,
        domains,
        inn,
        kpp,
        merged_ids,
        is_deleted
    from stg.stg_moysklad__company
),

numbered as (
    select
        *,
        replaceRegexpAll(ifNull(inn, ''), '[^0-9]', '') as inn_digits,
        replaceRegexpAll(ifNull(kpp, ''), '[^0-9A-Za-z]', '') as kpp_letters,
        arrayMap(digit -> toUInt32(digit), extractAll(inn_digits, '[0-9]')) as digits
    from records
),

-- check digits of a Russian tax number: 10 digits of a company, 12 of a person in business
checked as (
    select
        *,
        arraySum(arrayMap(at -> digits[at] * [2, 4, 10, 3, 5, 9, 4, 6, 8][at], range(1, 10))) % 11 % 10 as tenth,
        arraySum(arrayMap(at -> digits[at] * [7, 2, 4, 10, 3, 5, 9, 4, 6, 8][at], range(1, 11))) % 11 % 10 as eleventh,
        arraySum(
            arrayMap(at -> digits[at] * [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8][at], range(1, 12))
        ) % 11 % 10 as twelfth,
        multiIf(
            inn_digits = '', 'empty',
            match(inn_digits, '^(0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$'), 'placeholder',
            length(digits) = 10, if(digits[10] = tenth, '', 'check_digit'),
            length(digits) = 12, if(digits[11] = eleventh and digits[12] = twelfth, '', 'check_digit'),
            'length'
        ) as inn_fault,
        arrayMap(
            site -> concat('http://', replaceRegexpOne(lowerUTF8(trimBoth(site)), '^(https?://)?(www[.])?', '')),
            domains
        ) as addresses
    from numbered
)

select
    concat('company:', checked.source, ':', checked.account_id, ':', checked.company_id) as record_key,
    checked.source as source,
    checked.account_id as account_id,
    checked.company_id as record_id,
    checked.created_at as seen_at,
    ifNull(regions.region, '') as phone_region,
    arrayDistinct(checked.phones) as phones,
    arrayDistinct(checked.emails) as emails,
    arrayDistinct(arrayMap(address -> cutToFirstSignificantSubdomain(address), checked.addresses)) as domains,
    names.name_hash as name_hash,
    names.legal_form as legal_form,
    if(
        checked.inn_fault != '',
        null,
        lower(hex(HMAC('sha256', concat('inn ', checked.inn_digits), {identity_key:String})))
    ) as inn_hash,
    if(
        checked.inn_fault != '' or checked.kpp_letters = '',
        null,
        lower(hex(HMAC('sha256', concat('kpp ', checked.kpp_letters), {identity_key:String})))
    ) as kpp_hash,
    nullIf(checked.inn_fault, '') as inn_reject_reason,
    arrayMap(
        merged_id -> concat('company:', checked.source, ':', checked.account_id, ':', merged_id), checked.merged_ids
    ) as merged_keys,
    checked.is_deleted as is_deleted
from checked
left join stg.stg_company_name_key as names on names.raw_value = checked.company_name
left join seeds.phone_regions as regions on regions.source = checked.source
