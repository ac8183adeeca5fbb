-- grain: one row per account and lead, as its newest delivered record says
with newest as (
    -- load ids sort by the instant of loading; within one load the later line wins
    select *
    from raw.raw_files__lead_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    order by account_id, lead_id, _load_id desc, file_name desc, line_number desc
    limit 1 by account_id, lead_id
),

dated as (
    select
        * except (created_at, created_date, source_label),
        coalesce(
            created_at,
            toTimeZone(toDateTime64(created_date, 6, {business_zone:String}), 'UTC')
        ) as created_at,
        coalesce(created_date, toDate(newest.created_at, {business_zone:String})) as created_date,
        nullIf(source_label, '') as source_label
    from newest
)

select
    account_id,
    lead_id,
    created_at,
    created_date,
    source_label,
    landing_page,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    click_id,
    toJSONString(tuple(
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(source_label)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_source)), '[\\s-]+', '_'), ''),
        nullIf(replaceRegexpAll(lowerUTF8(trimBoth(utm_medium)), '[\\s-]+', '_'), ''),
        if(ifNull(click_id, '') = '', 'absent', 'present')
    )) as signal_key,
    phone,
    email,
    company_name,
    currency_code,
    file_name,
    line_number
from dated
