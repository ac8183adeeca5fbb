-- grain: one row per record and identifier it carries, with the cluster both stand in
with said as (
    select
        record_key,
        any(record_kind) as record_kind,
        any(concat(source, ':', account_id)) as account,
        any(seen_at) as seen_at,
        any(name_hash) as name_hash,
        any(name_detail) as name_detail
    from core.core_identity_evidence
    group by record_key
),

components as (
    select record_key, any(component_key) as component_key
    from core.core_person_component
    group by record_key
),

placed as (
    select said.*, components.component_key as component_key
    from said
    inner join components on components.record_key = said.record_key
),

-- a call tracker works for the CRM that knows most of the people it hears
lines as (
    select account, argMax(crm_account, (people, crm_account)) as line
    from (
        select
            trackers.account as account,
            crms.account as crm_account,
            uniqExact(trackers.component_key) as people
        from (
            select distinct account, component_key
            from placed
            where record_kind in ('call', 'form', 'chat')
        ) as trackers
        inner join (
            select distinct account, component_key
            from placed
            where record_kind in ('contact', 'lead', 'deal')
        ) as crms on crms.component_key = trackers.component_key
        group by trackers.account, crms.account
    )
    group by account
),

met as (
    select
        placed.component_key as component_key,
        countIf(placed.record_kind != 'call') = 0 as is_caller,
        groupUniqArray(ifNull(lines.line, placed.account)) as met_lines,
        groupUniqArrayIf(placed.name_hash, placed.name_detail = 3) as full_names,
        groupUniqArrayIf(assumeNotNull(placed.seen_at), placed.seen_at is not null) as met_at
    from placed
    left join lines on lines.account = placed.account
    group by placed.component_key
    having notEmpty(full_names)
),

-- who bears a full name in one line of business: two, of whom one has only called
namesakes as (
    select
        full_name,
        line,
        anyIf(component_key, is_caller) as caller_key,
        anyIf(met_at, is_caller) as called_at,
        anyIf(component_key, not is_caller) as known_key,
        anyIf(met_at, not is_caller) as known_at
    from met
    array join full_names as full_name
    array join met_lines as line
    group by full_name, line
    having count() = 2 and countIf(is_caller) = 1
),

-- near in time they are one who took another phone
matched as (
    select
        namesakes.caller_key as caller_key,
        namesakes.known_key as known_key,
        namesakes.full_name as full_name,
        namesakes.line as line,
        rules.identifier_kind as identifier_kind,
        rules.rule_id as rule_id,
        rules.confidence as confidence,
        arrayMin(
            arrayMap(call -> arrayMin(arrayMap(met -> abs(dateDiff('second', met, call)), known_at)), called_at)
        ) as gap_seconds
    from namesakes
    inner join seeds.identity_rules as rules on rules.identifier_kind = 'lone_name'
    where notEmpty(called_at) and notEmpty(known_at) and gap_seconds < rules.within_seconds
    order by caller_key, gap_seconds, known_key, full_name, line
    limit 1 by caller_key
),

lone_names as (
    select
        placed.record_kind as record_kind,
        placed.record_key as record_key,
        matched.identifier_kind as identifier_kind,
        concat(matched.full_name, ':', matched.line) as identifier_key,
        '' as identifier_part,
        matched.rule_id as rule_id,
        matched.confidence as confidence,
        placed.seen_at as seen_at,
        matched.known_key as component_key
    from placed
    inner join (
        select *, arrayJoin([caller_key, known_key]) as component_key
        from matched
    ) as matched on matched.component_key = placed.component_key and matched.full_name = placed.name_hash
)

select
    evidence.record_kind as record_kind,
    evidence.record_key as record_key,
    evidence.identifier_kind as identifier_kind,
    evidence.identifier_key as identifier_key,
    evidence.identifier_part as identifier_part,
    evidence.rule_id as rule_id,
    evidence.confidence as confidence,
    evidence.seen_at as seen_at,
    ifNull(matched.known_key, evidence.component_key) as component_key
from core.core_person_component as evidence
left join matched on matched.caller_key = evidence.component_key
union all
select *
from lone_names
