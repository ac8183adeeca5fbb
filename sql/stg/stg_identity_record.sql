-- grain: one row per record that says something of a person; restricted, values as typed
with records as (
    select
        'lead' as record_kind,
        'files' as source,
        account_id,
        lead_id as record_id,
        created_at as seen_at,
        cast(null as Nullable(String)) as person_name,
        company_name as company_name,
        if(phone is null, cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
        if(email is null, cast([] as Array(String)), [assumeNotNull(email)]) as emails,
        false as is_deleted,
        [
            ('lead_id', concat('lead:files:', account_id, ':', lead_id)), ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_files__lead
    union all
    select
        'deal' as record_kind,
        'files' as source,
        account_id,
        deal_id as record_id,
        created_at as seen_at,
        cast(null as Nullable(String)) as person_name,
        cast(null as Nullable(String)) as company_name,
        if(phone is null, cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
        if(email is null, cast([] as Array(String)), [assumeNotNull(email)]) as emails,
        false as is_deleted,
        [
            ('deal_id', concat('deal:files:', account_id, ':', deal_id)),
            ('lead_id', ifNull(concat('lead:files:', account_id, ':', lead_id), ''))
        ] as identifiers
    from stg.stg_files__deal
    union all
    select
        'contact' as record_kind,
        'bitrix24' as source,
        account_id,
        contact_id as record_id,
        toNullable(created_at) as seen_at,
        person_name as person_name,
        company_name as company_name,
        phones as phones,
        emails as emails,
        is_deleted as is_deleted,
        [
            ('contact_id', concat('contact:bitrix24:', account_id, ':', contact_id)),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_bitrix24__contact
    union all
    select
        'lead' as record_kind,
        'bitrix24' as source,
        account_id,
        lead_id as record_id,
        toNullable(created_at) as seen_at,
        person_name as person_name,
        company_name as company_name,
        phones as phones,
        emails as emails,
        is_deleted as is_deleted,
        [
            ('lead_id', concat('lead:bitrix24:', account_id, ':', lead_id)),
            ('contact_id', ifNull(concat('contact:bitrix24:', account_id, ':', contact_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_bitrix24__lead
    union all
    select
        'deal' as record_kind,
        'bitrix24' as source,
        account_id,
        deal_id as record_id,
        toNullable(created_at) as seen_at,
        cast(null as Nullable(String)) as person_name,
        cast(null as Nullable(String)) as company_name,
        cast([] as Array(String)) as phones,
        cast([] as Array(String)) as emails,
        is_deleted as is_deleted,
        [
            ('deal_id', concat('deal:bitrix24:', account_id, ':', deal_id)),
            ('lead_id', ifNull(concat('lead:bitrix24:', account_id, ':', lead_id), '')),
            ('contact_id', ifNull(concat('contact:bitrix24:', account_id, ':', contact_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_bitrix24__deal
    union all
    select
        'contact' as record_kind,
        'amocrm' as source,
        account_id,
        contact_id as record_id,
        toNullable(created_at) as seen_at,
        person_name as person_name,
        company_name as company_name,
        phones as phones,
        emails as emails,
        is_deleted as is_deleted,
        [
            ('contact_id', concat('contact:amocrm:', account_id, ':', contact_id)),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_amocrm__contact
    union all
    select
        'lead' as record_kind,
        'amocrm' as source,
        account_id,
        lead_id as record_id,
        created_at as seen_at,
        person_name as person_name,
        company_name as company_name,
        phones as phones,
        emails as emails,
        is_deleted as is_deleted,
        [
            ('lead_id', concat('lead:amocrm:', account_id, ':', lead_id)),
            ('contact_id', ifNull(concat('contact:amocrm:', account_id, ':', contact_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_amocrm__lead
    union all
    select
        'deal' as record_kind,
        'amocrm' as source,
        account_id,
        deal_id as record_id,
        created_at as seen_at,
        cast(null as Nullable(String)) as person_name,
        cast(null as Nullable(String)) as company_name,
        cast([] as Array(String)) as phones,
        cast([] as Array(String)) as emails,
        is_deleted as is_deleted,
        [
            ('deal_id', concat('deal:amocrm:', account_id, ':', deal_id)),
            ('lead_id', ifNull(concat('lead:amocrm:', account_id, ':', lead_id), '')),
            ('contact_id', ifNull(concat('contact:amocrm:', account_id, ':', contact_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_amocrm__deal
    union all
    select
        'contact' as record_kind,
        'hubspot' as source,
        account_id,
        contact_id as record_id,
        toNullable(created_at) as seen_at,
        person_name as person_name,
        company_name as company_name,
        phones as phones,
        emails as emails,
        is_deleted as is_deleted,
        [
            ('contact_id', concat('contact:hubspot:', account_id, ':', contact_id)),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_hubspot__contact
    union all
    select
        'lead' as record_kind,
        'hubspot' as source,
        account_id,
        lead_id as record_id,
        toNullable(created_at) as seen_at,
        person_name as person_name,
        company_name as company_name,
        phones as phones,
        emails as emails,
        is_deleted as is_deleted,
        [
            ('lead_id', concat('lead:hubspot:', account_id, ':', lead_id)),
            ('contact_id', ifNull(concat('contact:hubspot:', account_id, ':', contact_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_hubspot__lead
    union all
    select
        'deal' as record_kind,
        'hubspot' as source,
        account_id,
        deal_id as record_id,
        toNullable(created_at) as seen_at,
        cast(null as Nullable(String)) as person_name,
        cast(null as Nullable(String)) as company_name,
        cast([] as Array(String)) as phones,
        cast([] as Array(String)) as emails,
        is_deleted as is_deleted,
        [
            ('deal_id', concat('deal:hubspot:', account_id, ':', deal_id)),
            ('lead_id', ifNull(concat('lead:hubspot:', account_id, ':', lead_id), '')),
            ('contact_id', ifNull(concat('contact:hubspot:', account_id, ':', contact_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_hubspot__deal
    union all
    select
        'call' as record_kind,
        'calltouch' as source,
        account_id,
        call_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        if(phone is null, cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
        cast([] as Array(String)) as emails,
        false as is_deleted,
        [
            ('call_id', concat('call:calltouch:', account_id, ':', call_id)),
            ('call_visitor_id', ifNull(concat('calltouch:', visitor_id), '')), ('user_id', ifNull(user_id, '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_calltouch__call
    union all
    select
        'form' as record_kind,
        'calltouch' as source,
        account_id,
        form_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        phones as phones,
        emails as emails,
        false as is_deleted,
        [
            ('form_id', concat('form:calltouch:', account_id, ':', form_id)),
            ('call_visitor_id', ifNull(concat('calltouch:', visitor_id), '')), ('user_id', ifNull(user_id, '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_calltouch__form
    union all
    select
        'call' as record_kind,
        'uis' as source,
        account_id,
        call_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        if(phone is null, cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
        cast([] as Array(String)) as emails,
        false as is_deleted,
        [
            ('call_id', concat('call:uis:', account_id, ':', call_id)),
            ('call_visitor_id', ifNull(concat('uis:', visitor_id), '')), ('user_id', ifNull(user_id, '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_uis__call
    union all
    select
        'form' as record_kind,
        'uis' as source,
        account_id,
        form_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        phones as phones,
        emails as emails,
        false as is_deleted,
        [
            ('form_id', concat('form:uis:', account_id, ':', form_id)),
            ('call_visitor_id', ifNull(concat('uis:', visitor_id), '')), ('user_id', ifNull(user_id, '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_uis__form
    union all
    select
        'call' as record_kind,
        'callrail' as source,
        account_id,
        call_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        if(phone is null, cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
        cast([] as Array(String)) as emails,
        false as is_deleted,
        [
            ('call_id', concat('call:callrail:', account_id, ':', call_id)),
            ('call_visitor_id', ifNull(concat('callrail:', visitor_id), '')), ('user_id', ifNull(user_id, '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_callrail__call
    union all
    select
        'form' as record_kind,
        'callrail' as source,
        account_id,
        form_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        phones as phones,
        emails as emails,
        false as is_deleted,
        [
            ('form_id', concat('form:callrail:', account_id, ':', form_id)),
            ('call_visitor_id', ifNull(concat('callrail:', visitor_id), '')), ('user_id', ifNull(user_id, '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_callrail__form
    union all
    select
        'chat' as record_kind,
        'uis' as source,
        account_id,
        chat_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        phones as phones,
        emails as emails,
        false as is_deleted,
        [
            ('chat_id', concat('chat:uis:', account_id, ':', chat_id)),
            ('call_visitor_id', ifNull(concat('uis:', visitor_id), '')), ('user_id', ifNull(user_id, '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_uis__chat
    union all
    select
        'chat' as record_kind,
        'callrail' as source,
        account_id,
        chat_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        phones as phones,
        emails as emails,
        false as is_deleted,
        [
            ('chat_id', concat('chat:callrail:', account_id, ':', chat_id)),
            ('call_visitor_id', ifNull(concat('callrail:', visitor_id), '')), ('user_id', ifNull(user_id, '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from stg.stg_callrail__chat
)

select
    concat(records.record_kind, ':', records.source, ':', records.account_id, ':', records.record_id) as record_key,
    records.record_kind as record_kind,
    records.source as source,
    records.account_id as account_id,
    records.record_id as record_id,
    records.seen_at as seen_at,
    records.person_name as person_name,
    records.company_name as company_name,
    -- sources without a rule type phones as the installation's own country does
    ifNull(regions.region, '') as phone_region,
    arrayDistinct(records.phones) as phones,
    arrayDistinct(records.emails) as emails,
    arrayMap(pair -> pair.1, arrayFilter(pair -> pair.2 != '', records.identifiers)) as identifier_kinds,
    arrayMap(pair -> pair.2, arrayFilter(pair -> pair.2 != '', records.identifiers)) as identifier_values,
    records.is_deleted as is_deleted
from records
left join seeds.phone_regions as regions on regions.source = records.source
