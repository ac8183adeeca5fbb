-- grain: one row per company record with nothing but a name and record of that name something speaks for
with hints as (
    select
        record_key,
        comparison,
        hint_key,
        name_hash,
        is_own,
        is_bare,
        shared_kind,
        uniqExact(name_hash) over (partition by shared_kind, hint_key) as names
    from core.core_company_hint
),

companies as (
    select
        record_key,
        seen_at,
        legal_form,
        arrayMap(
            domain -> lower(hex(HMAC('sha256', concat('site ', domain), {identity_key:String}))), domains
        ) as domain_hashes
    from stg.stg_company_record
),

own_domains as (
    select record_key, groupUniqArray(hint_key) as domain_hashes
    from core.core_company_hint
    where comparison = 'site' and is_own
    group by record_key
),

agreed as (
    select
        mine.record_key as record_key,
        theirs.record_key as candidate_key,
        any(theirs.is_bare) as is_candidate_bare,
        groupUniqArray(theirs.comparison) as comparisons
    from hints as mine
    inner join hints as theirs
        on theirs.shared_kind = mine.shared_kind
        and theirs.hint_key = mine.hint_key
        and theirs.name_hash = mine.name_hash
    inner join seeds.company_match_rules as rules on rules.comparison = theirs.comparison
    where
        mine.is_own
        and mine.is_bare
        and theirs.record_key != mine.record_key
        and mine.names <= rules.max_names
    group by mine.record_key, theirs.record_key
),

compared as (
    select
        agreed.record_key as record_key,
        agreed.candidate_key as candidate_key,
        theirs.seen_at as candidate_seen_at,
        agreed.is_candidate_bare as is_candidate_bare,
        arrayFilter(
            comparison -> comparison != '',
            arrayConcat(
                agreed.comparisons,
                [
                    'name',
                    multiIf(
                        mine.legal_form is null or theirs.legal_form is null, '',
                        mine.legal_form = theirs.legal_form, 'form_equal',
                        'form_other'
                    ),
                    if(
                        notEmpty(theirs.domain_hashes)
                        and notEmpty(own_domains.domain_hashes)
                        and not hasAny(theirs.domain_hashes, own_domains.domain_hashes),
                        'site_other',
                        ''
                    )
                ]
            )
        ) as comparisons
    from agreed
    inner join companies as mine on mine.record_key = agreed.record_key
    inner join companies as theirs on theirs.record_key = agreed.candidate_key
    left join own_domains on own_domains.record_key = agreed.record_key
),

summed as (
    select
        compared.record_key as record_key,
        compared.candidate_key as candidate_key,
        any(compared.candidate_seen_at) as candidate_seen_at,
        any(compared.is_candidate_bare) as is_candidate_bare,
        arraySort(groupArray(rules.rule_id)) as rule_ids,
        sum(rules.weight_bits) as weight_bits
    from (
        select * except (comparisons), arrayJoin(comparisons) as comparison
        from compared
    ) as compared
    inner join seeds.company_match_rules as rules on rules.comparison = compared.comparison
    group by compared.record_key, compared.candidate_key
),

threshold as (
    select max(weight_bits) as weight_bits
    from seeds.company_match_rules
    where comparison = 'threshold'
)

-- it joins one other at most, so that it cannot tie two companies
select
    summed.record_key as record_key,
    summed.candidate_key as candidate_key,
    summed.rule_ids as rule_ids,
    summed.weight_bits as weight_bits,
    row_number() over (
        partition by summed.record_key
        order by
            summed.weight_bits desc,
            summed.is_candidate_bare asc,
            summed.candidate_seen_at asc,
            summed.candidate_key asc
    ) = 1
    and summed.weight_bits >= threshold.weight_bits as is_chosen
from summed
cross join threshold
