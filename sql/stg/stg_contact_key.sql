-- grain: one row per kind of contact, region and value as typed; restricted, nothing plain leaves this layer
with addresses as (
    select arrayJoin(emails) as raw_value
    from stg.stg_identity_record
    union distinct
    select arrayJoin(emails) as raw_value
    from stg.stg_company_record
),

normalised as (
    select
        'phone' as kind,
        toString(phone_region) as phone_region,
        raw_value,
        cleaned,
        ifNull(e164_digits, replaceRegexpAll(cleaned, '[^0-9]', '')) as normalised,
        toString(verdict) as verdict
    from stg.stg_phone_number
    union all
    select
        'email' as kind,
        '' as phone_region,
        raw_value,
        -- what follows a plus sign sorts the owner's post, the mailbox is the same
        replaceRegexpOne(
            replaceRegexpOne(trimBoth(lowerUTF8(raw_value)), '^mailto:', ''), '^([^+@]+)[+][^@]*@', '\\1@'
        ) as cleaned,
        cleaned as normalised,
        '' as verdict
    from addresses
),

refused as (
    select
        normalised.kind as kind,
        normalised.phone_region as phone_region,
        normalised.raw_value as raw_value,
        argMin(rules.rule_id, (rules.priority, rules.rule_id)) as reject_rule_id,
        argMin(rules.reject_reason, (rules.priority, rules.rule_id)) as reject_reason
    from normalised
    inner join seeds.contact_rules as rules on rules.kind = normalised.kind
    where
        match(
            multiIf(
                rules.field = 'cleaned', normalised.cleaned,
                rules.field = 'verdict', normalised.verdict,
                normalised.normalised
            ),
            rules.pattern
        )
        = (rules.refuses_when = 'matches')
    group by normalised.kind, normalised.phone_region, normalised.raw_value
)

select
    normalised.kind as kind,
    normalised.phone_region as phone_region,
    normalised.raw_value as raw_value,
    if(refused.reject_reason is null, normalised.normalised, null) as normalised_value,
    if(
        refused.reject_reason is null,
        lower(hex(HMAC('sha256', normalised.normalised, {identity_key:String}))),
        null
    ) as key_hash,
    -- two letters that changed places are the likeliest slip of a typist: their order plays no part here
    if(
        refused.reject_reason is null and normalised.kind = 'email',
        lower(hex(HMAC(
            'sha256',
            concat(
                'letters ',
                arrayStringConcat(arraySort(extractAll(splitByChar('@', normalised.normalised)[1], '[^0-9]'))),
                arrayStringConcat(extractAll(splitByChar('@', normalised.normalised)[1], '[0-9]')),
                '@',
                splitByChar('@', normalised.normalised)[-1]
            ),
            {identity_key:String}
        ))),
        null
    ) as letters_hash,
    lower(substring(hex(HMAC('sha256', 'version of the identity key', {identity_key:String})), 1, 8)) as key_version,
    refused.reject_rule_id as reject_rule_id,
    refused.reject_reason as reject_reason
from normalised
left join refused
    on refused.kind = normalised.kind
    and refused.phone_region = normalised.phone_region
    and refused.raw_value = normalised.raw_value
