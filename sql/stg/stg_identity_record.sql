-- grain: one row per record that says something of a person; restricted, values as typed
-- numbers a tracker gives out itself, of a browser or of a person, mean nothing to another tracker
with records as (
    select
        'lead' as record_kind,
        source,
        account_id,
        lead_id as record_id,
        created_at as seen_at,
        cast(null as Nullable(String)) as person_name,
        company_name as company_name,
        cast(null as Nullable(String)) as company_record_key,
        if(phone is null, cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
        if(email is null, cast([] as Array(String)), [assumeNotNull(email)]) as emails,
        false as is_deleted,
        [
            ('lead_id', concat('lead:', source, ':', account_id, ':', lead_id)), ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from (
        select
            'files' as source, account_id, lead_id, created_at, company_name, phone, email, click_id
        from stg.stg_files__lead
    )
    union all
    select
        'deal' as record_kind,
        source,
        account_id,
        deal_id as record_id,
        created_at as seen_at,
        cast(null as Nullable(String)) as person_name,
        cast(null as Nullable(String)) as company_name,
        cast(null as Nullable(String)) as company_record_key,
        if(phone is null, cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
        if(email is null, cast([] as Array(String)), [assumeNotNull(email)]) as emails,
        false as is_deleted,
        [
            ('deal_id', concat('deal:', source, ':', account_id, ':', deal_id)),
            ('lead_id', ifNull(concat('lead:', source, ':', account_id, ':', lead_id), ''))
        ] as identifiers
    from (
        select
            'files' as source, account_id, deal_id, created_at, phone, email, lead_id
        from stg.stg_files__deal
    )
    union all
    select
        'contact' as record_kind,
        source,
        account_id,
        contact_id as record_id,
        toNullable(created_at) as seen_at,
        person_name as person_name,
        company_name as company_name,
        concat('company:', source, ':', account_id, ':', company_id) as company_record_key,
        phones as phones,
        emails as emails,
        is_deleted as is_deleted,
        [
            ('contact_id', concat('contact:', source, ':', account_id, ':', contact_id)),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from (
        select
            'bitrix24' as source, account_id, contact_id, created_at, person_name, company_name, company_id,
            phones, emails, is_deleted, metrica_client_id, ga_client_id, click_id
        from stg.stg_bitrix24__contact
        union all
        select
            'amocrm' as source, account_id, contact_id, created_at, person_name, company_name, company_id,
            phones, emails, is_deleted, metrica_client_id, ga_client_id, click_id
        from stg.stg_amocrm__contact
        union all
        select
            'hubspot' as source, account_id, contact_id, created_at, person_name, company_name, company_id,
            phones, emails, is_deleted, metrica_client_id, ga_client_id, click_id
        from stg.stg_hubspot__contact
    )
    union all
    select
        'lead' as record_kind,
        source,
        account_id,
        lead_id as record_id,
        created_at as seen_at,
        person_name as person_name,
        company_name as company_name,
        concat('company:', source, ':', account_id, ':', company_id) as company_record_key,
        phones as phones,
        emails as emails,
        is_deleted as is_deleted,
        [
            ('lead_id', concat('lead:', source, ':', account_id, ':', lead_id)),
            ('contact_id', ifNull(concat('contact:', source, ':', account_id, ':', contact_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from (
        select
            'bitrix24' as source, account_id, lead_id, created_at, person_name, company_name, company_id,
            phones, emails, is_deleted, contact_id, metrica_client_id, ga_client_id, click_id
        from stg.stg_bitrix24__lead
        union all
        select
            'amocrm' as source, account_id, lead_id, created_at, person_name, company_name, company_id,
            phones, emails, is_deleted, contact_id, metrica_client_id, ga_client_id, click_id
        from stg.stg_amocrm__lead
        union all
        select
            'hubspot' as source, account_id, lead_id, created_at, person_name, company_name, company_id,
            phones, emails, is_deleted, contact_id, metrica_client_id, ga_client_id, click_id
        from stg.stg_hubspot__lead
    )
    union all
    select
        'deal' as record_kind,
        source,
        account_id,
        deal_id as record_id,
        created_at as seen_at,
        cast(null as Nullable(String)) as person_name,
        cast(null as Nullable(String)) as company_name,
        concat('company:', source, ':', account_id, ':', company_id) as company_record_key,
        cast([] as Array(String)) as phones,
        cast([] as Array(String)) as emails,
        is_deleted as is_deleted,
        [
            ('deal_id', concat('deal:', source, ':', account_id, ':', deal_id)),
            ('lead_id', ifNull(concat('lead:', source, ':', account_id, ':', lead_id), '')),
            ('contact_id', ifNull(concat('contact:', source, ':', account_id, ':', contact_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from (
        select
            'bitrix24' as source, account_id, deal_id, created_at, company_id, is_deleted, lead_id,
            contact_id, metrica_client_id, ga_client_id, click_id
        from stg.stg_bitrix24__deal
        union all
        select
            'amocrm' as source, account_id, deal_id, created_at, company_id, is_deleted, lead_id, contact_id,
            metrica_client_id, ga_client_id, click_id
        from stg.stg_amocrm__deal
        union all
        select
            'hubspot' as source, account_id, deal_id, created_at, company_id, is_deleted, lead_id, contact_id,
            metrica_client_id, ga_client_id, click_id
        from stg.stg_hubspot__deal
    )
    union all
    select
        'call' as record_kind,
        source,
        account_id,
        call_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        cast(null as Nullable(String)) as company_record_key,
        if(phone is null, cast([] as Array(String)), [assumeNotNull(phone)]) as phones,
        cast([] as Array(String)) as emails,
        false as is_deleted,
        [
            ('call_id', concat('call:', source, ':', account_id, ':', call_id)),
            ('call_visitor_id', ifNull(concat(source, ':', visitor_id), '')),
            ('user_id', ifNull(concat(source, ':', user_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from (
        select
            'calltouch' as source,
            account_id,
            call_id,
            started_at,
            person_name,
            phone,
            visitor_id,
            user_id,
            metrica_client_id,
            ga_client_id,
            click_id
        from stg.stg_calltouch__call
        union all
        select
            'uis' as source,
            account_id,
            call_id,
            started_at,
            person_name,
            phone,
            visitor_id,
            user_id,
            metrica_client_id,
            ga_client_id,
            click_id
        from stg.stg_uis__call
        union all
        select
            'callrail' as source,
            account_id,
            call_id,
            started_at,
            person_name,
            phone,
            visitor_id,
            user_id,
            metrica_client_id,
            ga_client_id,
            click_id
        from stg.stg_callrail__call
    )
    union all
    select
        'form' as record_kind,
        source,
        account_id,
        form_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        cast(null as Nullable(String)) as company_record_key,
        phones as phones,
        emails as emails,
        false as is_deleted,
        [
            ('form_id', concat('form:', source, ':', account_id, ':', form_id)),
            ('call_visitor_id', ifNull(concat(source, ':', visitor_id), '')),
            ('user_id', ifNull(concat(source, ':', user_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from (
        select
            'calltouch' as source,
            account_id,
            form_id,
            started_at,
            person_name,
            phones,
            emails,
            visitor_id,
            user_id,
            metrica_client_id,
            ga_client_id,
            click_id
        from stg.stg_calltouch__form
        union all
        select
            'uis' as source,
            account_id,
            form_id,
            started_at,
            person_name,
            phones,
            emails,
            visitor_id,
            user_id,
            metrica_client_id,
            ga_client_id,
            click_id
        from stg.stg_uis__form
        union all
        select
            'callrail' as source,
            account_id,
            form_id,
            started_at,
            person_name,
            phones,
            emails,
            visitor_id,
            user_id,
            metrica_client_id,
            ga_client_id,
            click_id
        from stg.stg_callrail__form
    )
    union all
    select
        'chat' as record_kind,
        source,
        account_id,
        chat_id as record_id,
        toNullable(started_at) as seen_at,
        person_name as person_name,
        cast(null as Nullable(String)) as company_name,
        cast(null as Nullable(String)) as company_record_key,
        phones as phones,
        emails as emails,
        false as is_deleted,
        [
            ('chat_id', concat('chat:', source, ':', account_id, ':', chat_id)),
            ('call_visitor_id', ifNull(concat(source, ':', visitor_id), '')),
            ('user_id', ifNull(concat(source, ':', user_id), '')),
            ('metrica_client_id', ifNull(metrica_client_id, '')), ('ga_client_id', ifNull(ga_client_id, '')),
            ('click_id', ifNull(click_id, ''))
        ] as identifiers
    from (
        select
            'uis' as source, account_id, chat_id, started_at, person_name, phones, emails, visitor_id,
            user_id, metrica_client_id, ga_client_id, click_id
        from stg.stg_uis__chat
        union all
        select
            'callrail' as source, account_id, chat_id, started_at, person_name, phones, emails, visitor_id,
            user_id, metrica_client_id, ga_client_id, click_id
        from stg.stg_callrail__chat
    )
),

-- `r.volkov64@…` of somebody called Ruslan is of Ruslan Volkov
surnamed as (
    select
        *,
        trimBoth(ifNull(person_name, '')) as trimmed_name,
        translateUTF8(
            lowerUTF8(substringUTF8(trimmed_name, 1, 1)),
            'абвгдеёжзийклмнопрстуфхцчшщыэюя',
            'abvgdeezziyklmnoprstufktcssyeyy'
        ) as initial,
        arrayFilter(
            found -> notEmpty(found) and found[1] = initial,
            arrayMap(email -> extractGroups(lowerUTF8(email), '^([a-z])[._-]([a-z]{3,})[0-9._-]*@'), emails)
        )[1][2] as surname
    from records
),

-- who signed in on the site did so in this browser; a browser of two logins says nothing
logins as (
    select
        assumeNotNull(metrica_client_id) as metrica_client_id,
        concat('yandex_metrica:', any(account_id), ':', assumeNotNull(any(user_id))) as login
    from stg.stg_yandex_metrica__visit
    where metrica_client_id is not null and user_id is not null
    group by metrica_client_id
    having uniqExact(account_id, user_id) = 1
),

signed as (
    select
        surnamed.*,
        if(
            logins.login is null,
            surnamed.identifiers,
            arrayConcat(surnamed.identifiers, [('user_id', assumeNotNull(logins.login))])
        ) as all_identifiers
    from surnamed
    left join logins
        on logins.metrica_client_id
        = tupleElement(arrayFirst(pair -> pair.1 = 'metrica_client_id', surnamed.identifiers), 2)
)

select
    concat(records.record_kind, ':', records.source, ':', records.account_id, ':', records.record_id) as record_key,
    records.record_kind as record_kind,
    records.source as source,
    records.account_id as account_id,
    records.record_id as record_id,
    records.seen_at as seen_at,
    records.person_name as person_name,
    multiIf(
        records.trimmed_name = '', null,
        ifNull(records.surname, '') != '' and not match(records.trimmed_name, '\\s'),
        concat(records.trimmed_name, ' ', records.surname),
        records.trimmed_name
    ) as name_said,
    records.company_name as company_name,
    records.company_record_key as company_record_key,
    -- sources without a rule type phones as the installation's own country does
    ifNull(regions.region, '') as phone_region,
    arrayDistinct(records.phones) as phones,
    arrayDistinct(records.emails) as emails,
    arrayMap(pair -> pair.1, arrayFilter(pair -> pair.2 != '', records.all_identifiers)) as identifier_kinds,
    arrayMap(pair -> pair.2, arrayFilter(pair -> pair.2 != '', records.all_identifiers)) as identifier_values,
    records.is_deleted as is_deleted
from signed as records
left join seeds.phone_regions as regions on regions.source = records.source
