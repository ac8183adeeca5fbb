-- grain: one row per word of utm_campaign that is one campaign of an ad platform
with spending as (
    select
        campaign_id,
        arrayJoin(groupUniqArray(lowerUTF8(trimBoth(campaign_name)))) as campaign_word
    from core.core_ad_spend_daily
    where campaign_id != ''
    group by campaign_id
),

words as (
    select 'tag' as word_kind, campaign_word, campaign_id
    from stg.stg_campaign_tag
    union distinct
    select 'name' as word_kind, campaign_word, campaign_id
    from spending
    where campaign_word != ''
),

-- a word that two campaigns carry tells neither; a campaign's own number needs no telling
known as (
    select word_kind, campaign_word, any(campaign_id) as campaign_id
    from words
    group by word_kind, campaign_word
    having uniqExact(words.campaign_id) = 1
)

select
    known.campaign_word as campaign_word,
    argMin(known.campaign_id, rules.priority) as campaign_id,
    argMin(rules.rule_id, rules.priority) as rule_id
from known
inner join seeds.campaign_word_rules as rules on rules.word_kind = known.word_kind
where known.campaign_word not in (select campaign_id from spending)
group by known.campaign_word
