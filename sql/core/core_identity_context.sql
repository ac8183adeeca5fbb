-- grain: one row per record and what surrounds it: its employer, its network, or the lead made at its moment
with said as (
    select
        record_key,
        any(seen_at) as seen_at,
        any(record_kind) as record_kind,
        any(name_hash) as name_hash,
        any(name_detail) as name_detail,
        any(name_forms) as name_forms
    from core.core_identity_evidence
    group by record_key
),

held as (
    select record_key, identifier_kind, identifier_key, part
    from core.core_identity_part
    where cut_reason not in ('too_many_people', 'too_many_records')
),

-- the one full name on an identifier is that of everybody it holds
full_of_part as (
    select
        held.identifier_kind as identifier_kind,
        held.identifier_key as identifier_key,
        held.part as part,
        any(said.name_hash) as name_hash,
        any(said.name_forms) as name_forms
    from held
    inner join said on said.record_key = held.record_key
    where said.name_detail = 3
    group by held.identifier_kind, held.identifier_key, held.part
    having uniqExact(said.name_hash) = 1
),

told_names as (
    select
        held.record_key as record_key,
        any(full_of_part.name_hash) as name_hash,
        any(full_of_part.name_forms) as name_forms
    from held
    inner join full_of_part
        on full_of_part.identifier_kind = held.identifier_kind
        and full_of_part.identifier_key = held.identifier_key
        and full_of_part.part = held.part
    group by held.record_key
    having uniqExact(full_of_part.name_hash) = 1
),

named as (
    select
        said.record_key as record_key,
        said.seen_at as seen_at,
        said.record_kind as record_kind,
        ifNull(told_names.name_hash, '') != ''
        and said.name_detail < 3
        and (said.name_hash = '' or has(told_names.name_forms, said.name_hash)) as is_told,
        if(is_told, assumeNotNull(told_names.name_hash), said.name_hash) as name_hash,
        if(is_told, 3, said.name_detail) as name_detail,
        if(is_told, told_names.name_forms, said.name_forms) as name_forms
    from said
    left join told_names on told_names.record_key = said.record_key
    where is_told or said.name_hash != ''
),

employers as (
    select record_key, any(company_key) as company_key
    from core.core_company_link
    group by record_key
),

mailed as (
    select
        record_key,
        cutToFirstSignificantSubdomain(
            concat('http://', lowerUTF8(trimBoth(splitByChar('@', email)[-1])))
        ) as mail_domain
    from stg.stg_identity_record
    array join emails as email
),

-- a company told by one record of an identifier is that of the others it holds
employers_of_part as (
    select distinct
        held.identifier_kind as identifier_kind,
        held.identifier_key as identifier_key,
        held.part as part,
        employers.company_key as company_key
    from stg.stg_identity_record as records
    inner join employers on employers.record_key = records.company_record_key
    inner join held on held.record_key = records.record_key
),

-- a browser seen from many networks is carried about, and was at other people's too
places as (
    select metrica_client_id, network_hash
    from (
        select
            metrica_client_id,
            network_hash,
            uniqExact(network_hash) over (partition by metrica_client_id) as networks
        from stg.stg_visit_network
    )
    where networks <= (select most from seeds.identity_limits where limit_id = 'networks_of_a_browser')
),

-- a browser was where its person was; of many names a network is a provider's, not an office's or a home's
networks as (
    select
        held.record_key as record_key,
        places.network_hash as network_hash,
        uniqExactIf(named.name_hash, named.name_detail = 3) over (partition by places.network_hash) as people
    from held
    inner join places on places.metrica_client_id = held.identifier_key
    inner join named on named.record_key = held.record_key
    where held.identifier_kind = 'metrica_client_id'
),

observed as (
    select
        records.record_key as record_key,
        'name_at_company' as identifier_kind,
        employers.company_key as employer,
        false as is_certain
    from stg.stg_identity_record as records
    inner join employers on employers.record_key = records.company_record_key
    union distinct
    select
        held.record_key as record_key,
        'name_at_company' as identifier_kind,
        employers_of_part.company_key as employer,
        false as is_certain
    from held
    inner join employers_of_part
        on employers_of_part.identifier_kind = held.identifier_kind
        and employers_of_part.identifier_key = held.identifier_key
        and employers_of_part.part = held.part
    union distinct
    -- who calls through the switchboard of one company is at it
    select
        evidence.record_key as record_key,
        'name_at_company' as identifier_kind,
        switchboards.company_key as employer,
        true as is_certain
    from core.core_identity_evidence as evidence
    inner join core.core_company_link as switchboards on switchboards.identifier_key = evidence.identifier_key
    where
        evidence.identifier_kind = 'phone'
        and switchboards.identifier_kind = 'phone'
        and switchboards.cut_reason = ''
    union distinct
    select
        records.record_key as record_key,
        'name_at_title' as identifier_kind,
        titles.name_hash as employer,
        false as is_certain
    from stg.stg_identity_record as records
    inner join stg.stg_company_name_key as titles on titles.raw_value = records.company_name
    union distinct
    select record_key, 'name_at_domain' as identifier_kind, mail_domain as employer, true as is_certain
    from mailed
    where mail_domain != '' and mail_domain not in (select domain from seeds.free_mail_domains)
    union distinct
    select
        networks.record_key as record_key,
        rules.identifier_kind as identifier_kind,
        networks.network_hash as employer,
        networks.people = 1 as is_certain
    from networks
    inner join seeds.identity_rules as rules on rules.identifier_kind = 'name_at_network'
    where networks.people <= rules.max_people
),

-- `Роман` at an employer is its one Roman; of two he may be either. Switchboard and mail domain tell the
-- employer for certain, and so does a network of one full name; a name of a company may be that of another one
placed as (
    select
        record_key,
        identifier_kind,
        employer,
        record_kind,
        seen_at,
        arrayFilter(full_name -> has(tupleElement(full_name, 2), name_hash), full_names) as namesakes,
        multiIf(
            name_detail = 3, name_hash,
            is_certain and length(namesakes) = 1, tupleElement(namesakes[1], 1),
            ''
        ) as full_name_hash
    from (
        select
            observed.record_key as record_key,
            observed.identifier_kind as identifier_kind,
            observed.employer as employer,
            observed.is_certain as is_certain,
            named.record_kind as record_kind,
            named.seen_at as seen_at,
            named.name_hash as name_hash,
            named.name_detail as name_detail,
            groupUniqArrayIf((named.name_hash, named.name_forms), named.name_detail = 3) over (
                partition by observed.identifier_kind, observed.employer
            ) as full_names
        from observed
        inner join named on named.record_key = observed.record_key
    )
),

silent as (
    select
        record_key,
        any(record_kind) as record_kind,
        any(seen_at) as seen_at,
        any(name_hash) as name_hash,
        any(name_forms) as name_forms
    from core.core_identity_evidence
    where record_kind in ('form', 'chat')
    group by record_key
    having count() = 1 and max(name_hash) != ''
),

leads as (
    select
        record_key,
        any(seen_at) as seen_at,
        any(name_hash) as name_hash,
        any(name_forms) as name_forms
    from core.core_identity_evidence
    where record_kind in ('lead', 'contact') and name_hash != ''
    group by record_key
),

spells as (
    select assumeNotNull(within_seconds) as spell_seconds
    from seeds.identity_rules
    where identifier_kind = 'moment' and within_seconds is not null
),

-- by spells as long as that, its own and the next: all with all would be too many, and so they would be
-- if their length were joined, for the engine joins lengths last
moments as (
    select
        silent.record_key as record_key,
        silent.record_kind as record_kind,
        silent.seen_at as seen_at,
        leads.record_key as lead_key,
        leads.seen_at as lead_seen_at,
        uniqExact(leads.name_hash) over (partition by silent.record_key) as names_met,
        uniqExact(silent.record_key) over (partition by leads.record_key) as silent_met
    from (
        select
            *,
            arrayJoin([0, 1]) + intDiv(toUnixTimestamp(seen_at), (select spell_seconds from spells)) as spell
        from silent
    ) as silent
    inner join (
        select
            *,
            intDiv(toUnixTimestamp(seen_at), (select spell_seconds from spells)) as spell
        from leads
    ) as leads on leads.spell = silent.spell
    where
        leads.seen_at >= silent.seen_at
        and leads.seen_at < addSeconds(silent.seen_at, (select spell_seconds from spells))
        and (has(leads.name_forms, silent.name_hash) or has(silent.name_forms, leads.name_hash))
),

told as (
    select record_kind, record_key, seen_at, lead_key
    from moments
    where names_met = 1 and silent_met = 1
    union all
    select splitByChar(':', lead_key)[1] as record_kind, lead_key as record_key, lead_seen_at as seen_at, lead_key
    from moments
    where names_met = 1 and silent_met = 1
),

dialled as (
    select distinct
        records.record_key as record_key,
        contacts.phone as phone
    from (
        select record_key, phone_region, arrayJoin(phones) as raw_value
        from stg.stg_identity_record
    ) as records
    inner join (
        select phone_region, raw_value, assumeNotNull(normalised_value) as phone
        from stg.stg_contact_key
        where kind = 'phone' and normalised_value is not null
    ) as contacts
        on contacts.phone_region = records.phone_region
        and contacts.raw_value = records.raw_value
),

-- phones that are one with one of their last four digits hidden: where a typist slips. They are ten at most
alike as (
    select
        concat(
            substring(phone, 1, length(phone) - hidden_place), '*', substring(phone, length(phone) - hidden_place + 2)
        ) as hidden_phone,
        groupUniqArray(phone) as phones
    from (
        select assumeNotNull(normalised_value) as phone
        from stg.stg_contact_key
        where kind = 'phone' and normalised_value is not null
    )
    array join [1, 2, 3, 4] as hidden_place
    group by hidden_phone
    having length(phones) > 1
),

neighbours as (
    select distinct phone, other_phone
    from (
        select arrayJoin(phones) as phone, arrayJoin(arrayFilter(other -> other != phone, phones)) as other_phone
        from alike
    )
),

callers as (
    select
        dialled.record_key as record_key,
        dialled.phone as phone,
        named.record_kind as record_kind,
        named.seen_at as seen_at,
        named.name_hash as name_hash,
        named.name_detail as name_detail,
        named.name_forms as name_forms
    from dialled
    inner join named on named.record_key = dialled.record_key
    where named.seen_at is not null and dialled.phone in (select arrayJoin(phones) from alike)
),

-- one digit apart and one full name, or names that may be one and near in time
slipped as (
    select distinct
        mine.record_kind as record_kind,
        mine.record_key as record_key,
        mine.seen_at as seen_at,
        concat(least(mine.phone, theirs.phone), ':', greatest(mine.phone, theirs.phone)) as both_phones,
        if(mine.name_detail >= theirs.name_detail, mine.name_hash, theirs.name_hash) as longer_name
    from callers as mine
    inner join neighbours on neighbours.phone = mine.phone
    inner join callers as theirs on theirs.phone = neighbours.other_phone
    where
        (has(mine.name_forms, theirs.name_hash) or has(theirs.name_forms, mine.name_hash))
        and (
            (mine.name_detail = 3 and theirs.name_detail = 3)
            or abs(dateDiff('second', mine.seen_at, theirs.seen_at)) < (
                select within_seconds from seeds.identity_rules where identifier_kind = 'phone_slip'
            )
        )
),

-- whoever might be two people here or there is neither
surroundings as (
    select
        record_kind,
        record_key,
        seen_at,
        identifier_kind,
        concat(full_name_hash, ':', employer) as identifier_key,
        full_name_hash as name_hash
    from placed
    where full_name_hash != ''
    union all
    select record_kind, record_key, seen_at, 'moment' as identifier_kind, lead_key as identifier_key, '' as name_hash
    from told
    union all
    select
        record_kind,
        record_key,
        seen_at,
        'phone_slip' as identifier_kind,
        lower(
            hex(HMAC('sha256', concat('slip ', both_phones, ' ', longer_name), {identity_key:String}))
        ) as identifier_key,
        longer_name as name_hash
    from slipped
),

counted as (
    select
        *,
        uniqExactIf(name_hash, name_hash != '') over (
            partition by record_key, identifier_kind = 'phone_slip'
        ) as names_met,
        uniqExact(record_key) over (partition by identifier_kind, identifier_key) as records
    from surroundings
)

select distinct
    counted.record_kind as record_kind,
    counted.record_key as record_key,
    counted.seen_at as seen_at,
    counted.identifier_kind as identifier_kind,
    counted.identifier_key as identifier_key,
    rules.rule_id as rule_id,
    rules.confidence as confidence
from counted
inner join seeds.identity_rules as rules on rules.identifier_kind = counted.identifier_kind
where counted.names_met <= 1 and counted.records <= rules.max_records
