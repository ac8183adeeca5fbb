-- grain: one row per account and form request
with requests as (
    select *, if(medium in ('organic', 'referral'), medium, nullIf(source, '')) as source_label
    from raw.raw_calltouch__request_as_of(as_of = {as_of:DateTime64(6,'UTC')})
)

select
    account_id,
    toString(request_id) as form_id,
    requested_at as started_at,
    toDate(requested_at, {business_zone:String}) as started_date,
    nullIf(form_name, '') as form_name,
    nullIf(person_name, '') as person_name,
    phones,
    emails,
    nullIf(manager_name, '') as manager_id,
    toString(nullIf(session_id, 0)) as visit_id,
    toString(nullIf(ct_client_id, 0)) as visitor_id,
    toString(nullIf(ct_global_id, ct_client_id)) as user_id,
    nullIf(metrica_client_id, '') as metrica_client_id,
    nullIf(ga_client_id, '') as ga_client_id,
    coalesce(nullIf(yclid, ''), nullIf(gclid, '')) as click_id,
    source_label,
    nullIf(utm_source, '') as utm_source,
    nullIf(utm_medium, '') as utm_medium,
    nullIf(utm_campaign, '') as utm_campaign,
    nullIf(utm_content, '') as utm_content,
    nullIf(utm_term, '') as utm_term,
    coalesce(toString(direct_campaign_id), toString(google_campaign_id), nullIf(utm_campaign, '')) as campaign_id,
    coalesce(toString(direct_ad_group_id), toString(google_ad_group_id)) as ad_group_id,
    coalesce(toString(direct_ad_id), toString(google_creative_id), nullIf(utm_content, '')) as ad_id,
    coalesce(nullIf(keyword, ''), nullIf(utm_term, '')) as keyword,
    nullIf(entry_url, '') as landing_page,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(coalesce(nullIf(yclid, ''), gclid), '') = '', 'absent', 'present')
    )) as signal_key
from requests
