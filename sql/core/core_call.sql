-- grain: one row per call of a call tracker
with persons as (
    select record_key, any(person_key) as person_key
    from core.core_person_link
    where record_kind = 'call'
    group by record_key
),

phones as (
    select raw_value, phone_region, key_hash, reject_reason
    from stg.stg_contact_key
    where kind = 'phone'
),

tracked as (
    select
        'calltouch' as source,
        account_id,
        call_id,
        started_at,
        started_date,
        direction,
        is_answered,
        wait_seconds,
        talk_seconds,
        phone,
        tracking_phone,
        number_pool,
        manager_id,
        is_target,
        is_unique,
        source_label,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        campaign_id,
        click_id,
        signal_key
    from stg.stg_calltouch__call
    union all
    select
        'uis' as source,
        account_id,
        call_id,
        started_at,
        started_date,
        direction,
        is_answered,
        wait_seconds,
        talk_seconds,
        phone,
        tracking_phone,
        number_pool,
        manager_id,
        is_target,
        is_unique,
        source_label,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        campaign_id,
        click_id,
        signal_key
    from stg.stg_uis__call
    union all
    select
        'callrail' as source,
        account_id,
        call_id,
        started_at,
        started_date,
        direction,
        is_answered,
        wait_seconds,
        talk_seconds,
        phone,
        tracking_phone,
        number_pool,
        manager_id,
        is_target,
        is_unique,
        source_label,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        campaign_id,
        click_id,
        signal_key
    from stg.stg_callrail__call
),

-- a CRM's own list of calls repeats the tracker's: it is read for managers' work, not here
calls as (
    select
        tracked.*,
        concat('call:', tracked.source, ':', account_id, ':', call_id) as call_key,
        ifNull(regions.region, '') as phone_region
    from tracked
    left join seeds.phone_regions as regions on regions.source = tracked.source
)

select
    calls.call_key as call_key,
    calls.source as source,
    calls.account_id as account_id,
    calls.call_id as call_id,
    calls.started_at as started_at,
    calls.started_date as started_date,
    calls.direction as direction,
    calls.is_answered as is_answered,
    calls.wait_seconds as wait_seconds,
    calls.talk_seconds as talk_seconds,
    calls.is_target as is_target,
    calls.is_unique as is_unique,
    calls.tracking_phone as tracking_phone,
    calls.number_pool as number_pool,
    calls.manager_id as manager_id,
    calls.source_label as source_label,
    ifNull(campaigns.channel, assignment.channel) as channel,
    ifNull(campaigns.channel_rule_id, assignment.channel_rule_id) as channel_rule_id,
    calls.utm_source as utm_source,
    calls.utm_medium as utm_medium,
    calls.utm_campaign as utm_campaign,
    calls.utm_content as utm_content,
    calls.utm_term as utm_term,
    ifNull(words.campaign_id, calls.campaign_id) as campaign_id,
    ifNull(calls.click_id, '') != '' as has_click_id,
    phones.key_hash as phone_hash,
    phones.reject_reason as phone_reject_reason,
    persons.person_key as person_key
from calls
left join core.core_channel_assignment as assignment on assignment.signal_key = calls.signal_key
left join core.core_campaign_word as words on words.campaign_word = lowerUTF8(trimBoth(calls.campaign_id))
left join core.core_campaign_channel as campaigns
    on campaigns.campaign_id = ifNull(words.campaign_id, calls.campaign_id)
    and campaigns.assigned_channel = assignment.channel
left join phones on phones.raw_value = calls.phone and phones.phone_region = calls.phone_region
left join persons on persons.record_key = calls.call_key
