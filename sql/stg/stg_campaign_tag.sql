-- grain: one row per source, account, campaign and word that addresses of its ads carry in utm_campaign
with vk_groups as (
    select account_id, ad_group_id, any(ad_plan_id) as campaign_number
    from raw.raw_vk_ads__ad_group_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    group by account_id, ad_group_id
),

vk_banners as (
    select account_id, banner_id, any(ad_group_id) as group_number
    from raw.raw_vk_ads__banner_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    group by account_id, banner_id
),

-- a suffix goes behind every address of its level and of those below; addresses stand on lines of their own
google as (
    select account_id, campaign_id, concat(final_urls, '\n', tracking_url_template) as urls, final_url_suffix as suffix
    from raw.raw_google_ads__ad_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    union all
    select account_id, campaign_id, tracking_url_template as urls, final_url_suffix as suffix
    from raw.raw_google_ads__ad_group_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    union all
    select account_id, campaign_id, tracking_url_template as urls, final_url_suffix as suffix
    from raw.raw_google_ads__campaign_as_of(as_of = {as_of:DateTime64(6,'UTC')})
),

addresses as (
    select 'yandex_direct' as source, account_id, toString(campaign_id) as campaign_id, ifNull(final_url, '') as address
    from raw.raw_yandex_direct__ad_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    union all
    select
        'vk_ads' as source,
        links.account_id as account_id,
        toString(vk_groups.campaign_number) as campaign_id,
        ifNull(links.url, '') as address
    from raw.raw_vk_ads__banner_url_as_of(as_of = {as_of:DateTime64(6,'UTC')}) as links
    inner join vk_banners on vk_banners.account_id = links.account_id and vk_banners.banner_id = links.banner_id
    inner join vk_groups
        on vk_groups.account_id = vk_banners.account_id and vk_groups.ad_group_id = vk_banners.group_number
    union all
    select
        'google_ads' as source,
        account_id,
        toString(campaign_id) as campaign_id,
        arrayJoin(arrayPushBack(splitByChar('\n', urls), concat('http://suffix/?', suffix))) as address
    from google
    union all
    select
        'meta_ads' as source,
        account_id,
        toString(campaign_id) as campaign_id,
        concat('http://tags/?', ifNull(url_tags, '')) as address
    from raw.raw_meta_ads__ad_as_of(as_of = {as_of:DateTime64(6,'UTC')})
    union all
    select 'avito_ads' as source, account_id, toString(campaign_id) as campaign_id, ifNull(link, '') as address
    from raw.raw_avito_ads__creative_as_of(as_of = {as_of:DateTime64(6,'UTC')})
),

tagged as (
    select
        source,
        account_id,
        campaign_id,
        lowerUTF8(trimBoth(decodeURLFormComponent(extractURLParameter(address, 'utm_campaign')))) as campaign_word
    from addresses
)

-- a macro such as {campaign_id} is filled in at the click, by the campaign's own number
select distinct source, account_id, campaign_id, campaign_word
from tagged
where campaign_word != '' and not match(campaign_word, '[{}]')
