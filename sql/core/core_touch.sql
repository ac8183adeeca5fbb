-- grain: one row per touch of a person: a visit, call, form, chat, or a lead nothing else recorded
with persons as (
    select record_key, any(person_key) as person_key
    from core.core_person_link
    group by record_key
),

contacts as (
    select
        concat('touch:call:calltouch:', account_id, ':', call_id) as touch_key,
        concat('call:calltouch:', account_id, ':', call_id) as record_key,
        'calltouch' as source,
        account_id,
        'call' as kind,
        direction,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword
    from stg.stg_calltouch__call
    union all
    select
        concat('touch:call:uis:', account_id, ':', call_id) as touch_key,
        concat('call:uis:', account_id, ':', call_id) as record_key,
        'uis' as source,
        account_id,
        'call' as kind,
        direction,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        utm_content as ad_id,
        utm_term as keyword
    from stg.stg_uis__call
    union all
    select
        concat('touch:call:callrail:', account_id, ':', call_id) as touch_key,
        concat('call:callrail:', account_id, ':', call_id) as record_key,
        'callrail' as source,
        account_id,
        'call' as kind,
        direction,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        utm_content as ad_id,
        utm_term as keyword
    from stg.stg_callrail__call
    union all
    select
        concat('touch:form:calltouch:', account_id, ':', form_id) as touch_key,
        concat('form:calltouch:', account_id, ':', form_id) as record_key,
        'calltouch' as source,
        account_id,
        'form' as kind,
        'in' as direction,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword
    from stg.stg_calltouch__form
    union all
    select
        concat('touch:form:uis:', account_id, ':', form_id) as touch_key,
        concat('form:uis:', account_id, ':', form_id) as record_key,
        'uis' as source,
        account_id,
        'form' as kind,
        'in' as direction,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        utm_content as ad_id,
        utm_term as keyword
    from stg.stg_uis__form
    union all
    select
        concat('touch:form:callrail:', account_id, ':', form_id) as touch_key,
        concat('form:callrail:', account_id, ':', form_id) as record_key,
        'callrail' as source,
        account_id,
        'form' as kind,
        'in' as direction,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        utm_content as ad_id,
        utm_term as keyword
    from stg.stg_callrail__form
    union all
    select
        concat('touch:chat:uis:', account_id, ':', chat_id) as touch_key,
        concat('chat:uis:', account_id, ':', chat_id) as record_key,
        'uis' as source,
        account_id,
        'chat' as kind,
        'in' as direction,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        utm_content as ad_id,
        utm_term as keyword
    from stg.stg_uis__chat
    union all
    select
        concat('touch:chat:callrail:', account_id, ':', chat_id) as touch_key,
        concat('chat:callrail:', account_id, ':', chat_id) as record_key,
        'callrail' as source,
        account_id,
        'chat' as kind,
        'in' as direction,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        utm_content as ad_id,
        utm_term as keyword
    from stg.stg_callrail__chat
),

visits as (
    select
        concat('touch:visit:yandex_metrica:', account_id, ':', visit_id) as touch_key,
        'yandex_metrica' as source,
        account_id,
        'metrica_client_id' as identifier_kind,
        ifNull(metrica_client_id, '') as identifier_key,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        ad_group_id,
        ad_id,
        keyword,
        session_count,
        page_views,
        duration_seconds,
        is_bounce,
        is_robot
    from stg.stg_yandex_metrica__visit
    union all
    select
        concat('touch:visit:ga4:', account_id, ':', visit_id) as touch_key,
        'ga4' as source,
        account_id,
        'ga_client_id' as identifier_kind,
        ifNull(ga_client_id, '') as identifier_key,
        started_at,
        started_date,
        signal_key,
        source_label,
        campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        utm_content as ad_id,
        utm_term as keyword,
        session_count,
        page_views,
        duration_seconds,
        is_bounce,
        is_robot
    from stg.stg_ga4__client_session
),

-- a lead of a CRM repeats the call, form or chat it came by, unless it came where no tracker listens
leads as (
    select *
    from core.core_lead
    where
        created_at is not null
        and (
            source = 'files'
            or channel in (select channel_id from seeds.attribution_channels where is_untracked)
        )
),

touches as (
    select
        concat('touch:', leads.lead_key) as touch_key,
        leads.person_key as person_key,
        assumeNotNull(leads.created_at) as touched_at,
        assumeNotNull(leads.created_date) as touch_date,
        'lead' as kind,
        'in' as direction,
        leads.channel as channel,
        leads.channel_rule_id as channel_rule_id,
        leads.source_label as source_label,
        ifNull(words.campaign_id, leads.utm_campaign) as campaign_id,
        cast(null as Nullable(String)) as ad_group_id,
        leads.utm_content as ad_id,
        leads.utm_term as keyword,
        toNullable(leads.lead_key) as lead_key,
        leads.source as source,
        leads.account_id as account_id,
        toUInt64OrNull('') as session_count,
        toUInt64OrNull('') as page_views,
        toUInt32OrNull('') as duration_seconds,
        cast(null as Nullable(Bool)) as is_bounce,
        false as is_robot
    from leads
    left join core.core_campaign_word as words on words.campaign_word = lowerUTF8(trimBoth(leads.utm_campaign))
    union all
    select
        contacts.touch_key as touch_key,
        persons.person_key as person_key,
        contacts.started_at as touched_at,
        contacts.started_date as touch_date,
        contacts.kind as kind,
        contacts.direction as direction,
        ifNull(campaigns.channel, assignment.channel) as channel,
        ifNull(campaigns.channel_rule_id, assignment.channel_rule_id) as channel_rule_id,
        contacts.source_label as source_label,
        ifNull(words.campaign_id, contacts.campaign_id) as campaign_id,
        contacts.ad_group_id as ad_group_id,
        contacts.ad_id as ad_id,
        contacts.keyword as keyword,
        cast(null as Nullable(String)) as lead_key,
        contacts.source as source,
        contacts.account_id as account_id,
        toUInt64OrNull('') as session_count,
        toUInt64OrNull('') as page_views,
        toUInt32OrNull('') as duration_seconds,
        cast(null as Nullable(Bool)) as is_bounce,
        false as is_robot
    from contacts
    left join persons on persons.record_key = contacts.record_key
    left join core.core_channel_assignment as assignment on assignment.signal_key = contacts.signal_key
    left join core.core_campaign_word as words on words.campaign_word = lowerUTF8(trimBoth(contacts.campaign_id))
    left join core.core_campaign_channel as campaigns
        on campaigns.campaign_id = ifNull(words.campaign_id, contacts.campaign_id)
        and campaigns.assigned_channel = assignment.channel
    union all
    select
        visits.touch_key as touch_key,
        -- a browser nobody has spoken from is a visitor, and no person yet
        coalesce(
            links.person_key,
            if(
                visits.identifier_key = '',
                visits.touch_key,
                concat('visitor:', visits.identifier_kind, ':', visits.identifier_key)
            )
        ) as person_key,
        visits.started_at as touched_at,
        visits.started_date as touch_date,
        'visit' as kind,
        'in' as direction,
        ifNull(campaigns.channel, assignment.channel) as channel,
        ifNull(campaigns.channel_rule_id, assignment.channel_rule_id) as channel_rule_id,
        visits.source_label as source_label,
        ifNull(words.campaign_id, visits.campaign_id) as campaign_id,
        visits.ad_group_id as ad_group_id,
        visits.ad_id as ad_id,
        visits.keyword as keyword,
        cast(null as Nullable(String)) as lead_key,
        visits.source as source,
        visits.account_id as account_id,
        toNullable(visits.session_count) as session_count,
        toNullable(visits.page_views) as page_views,
        visits.duration_seconds as duration_seconds,
        visits.is_bounce as is_bounce,
        visits.is_robot as is_robot
    from visits
    left join core.core_visitor_link as links
        on links.identifier_kind = visits.identifier_kind and links.identifier_key = visits.identifier_key
    left join core.core_channel_assignment as assignment on assignment.signal_key = visits.signal_key
    left join core.core_campaign_word as words on words.campaign_word = lowerUTF8(trimBoth(visits.campaign_id))
    left join core.core_campaign_channel as campaigns
        on campaigns.campaign_id = ifNull(words.campaign_id, visits.campaign_id)
        and campaigns.assigned_channel = assignment.channel
)

-- all that journeys are made of, in one number: whose touches have another one, their journeys are made anew;
-- inside a tuple NULL has a hash of its own
select
    *,
    cityHash64(
        touch_key, touched_at, touch_date, kind, direction, channel, is_robot,
        tuple(source_label, campaign_id, ad_group_id, ad_id, keyword)
    ) as touch_digest
from touches
