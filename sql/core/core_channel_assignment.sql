-- grain: one row per distinct set of signals a touch, lead or ad cost came with
with signals as (
    select signal_key from stg.stg_files__lead
    union distinct
    select signal_key from stg.stg_files__ad_spend_daily
    union distinct
    select signal_key from stg.stg_yandex_direct__ad_spend_daily
    union distinct
    select signal_key from stg.stg_vk_ads__ad_spend_daily
    union distinct
    select signal_key from stg.stg_google_ads__ad_spend_daily
    union distinct
    select signal_key from stg.stg_meta_ads__ad_spend_daily
    union distinct
    select signal_key from stg.stg_avito_ads__ad_spend_daily
    union distinct
    select signal_key from stg.stg_bitrix24__lead
    union distinct
    select signal_key from stg.stg_amocrm__lead
    union distinct
    select signal_key from stg.stg_hubspot__lead
    union distinct
    select signal_key from stg.stg_calltouch__call
    union distinct
    select signal_key from stg.stg_calltouch__form
    union distinct
    select signal_key from stg.stg_uis__call
    union distinct
    select signal_key from stg.stg_uis__form
    union distinct
    select signal_key from stg.stg_uis__chat
    union distinct
    select signal_key from stg.stg_callrail__call
    union distinct
    select signal_key from stg.stg_callrail__form
    union distinct
    select signal_key from stg.stg_callrail__chat
    union distinct
    select signal_key from stg.stg_yandex_metrica__visit
    union distinct
    select signal_key from stg.stg_ga4__client_session
),

parsed as (
    select
        signal_key,
        JSONExtractString(signal_key, 1) as source_label,
        JSONExtractString(signal_key, 2) as utm_source,
        JSONExtractString(signal_key, 3) as utm_medium,
        JSONExtractString(signal_key, 4) as click_id
    from signals
)

-- an empty pattern matches any text, and silence is the empty text
select
    parsed.signal_key as signal_key,
    any(nullIf(parsed.source_label, '')) as source_label,
    argMin(rules.channel, (rules.priority, rules.rule_id)) as channel,
    argMin(rules.rule_id, (rules.priority, rules.rule_id)) as channel_rule_id
from parsed
cross join seeds.channel_rules as rules
where
    match(parsed.source_label, rules.source_label_pattern)
    and match(parsed.utm_source, rules.utm_source_pattern)
    and match(parsed.utm_medium, rules.utm_medium_pattern)
    and rules.click_id in ('any', parsed.click_id)
group by parsed.signal_key
