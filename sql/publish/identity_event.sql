-- grain: one row per thing that happened in this build to the id of a person or company
with links as (
    select distinct 'person' as subject_kind, record_key, person_key as subject_key
    from core.core_person_link
    union all
    select distinct 'company' as subject_kind, record_key, company_key as subject_key
    from core.core_company_link
),

known as (
    select
        subject_kind,
        record_key,
        argMax(subject_key, as_of) as subject_key
    from ops.published_id
    where as_of < {as_of:DateTime64(6,'UTC')}
    group by subject_kind, record_key
),

moved as (
    select
        links.subject_kind as subject_kind,
        links.record_key as record_key,
        ifNull(known.subject_key, '') as before_key,
        links.subject_key as after_key
    from links
    left join known on known.subject_kind = links.subject_kind and known.record_key = links.record_key
),

happened as (
    select
        subject_kind,
        if(max(before_key) = '', 'new', 'merge') as event_kind,
        after_key as subject_key,
        arraySort(groupUniqArrayIf(before_key, before_key != '')) as before_keys,
        [after_key] as after_keys,
        count() as record_count
    from moved
    group by subject_kind, after_key
    having max(before_key) = '' or uniqExactIf(before_key, before_key != '') > 1
    union all
    select
        subject_kind,
        'split' as event_kind,
        before_key as subject_key,
        [before_key] as before_keys,
        arraySort(groupUniqArray(after_key)) as after_keys,
        count() as record_count
    from moved
    where before_key != ''
    group by subject_kind, before_key
    having uniqExact(after_key) > 1
)

select
    {build_id:String} as build_id,
    {as_of:DateTime64(6,'UTC')} as as_of,
    subject_kind,
    event_kind,
    subject_key,
    before_keys,
    after_keys,
    record_count
from happened
where
    -- those an interrupted publication has written already
    (subject_kind, event_kind, subject_key) not in (
        select subject_kind, event_kind, subject_key
        from ops.identity_event
        where build_id = {build_id:String}
    )
    -- a rebuild of the past reads the history and does not write it
    and {as_of:DateTime64(6,'UTC')} > greatest(
        (select max(as_of) from ops.published_id where build_id != {build_id:String}),
        (select max(as_of) from ops.build_log where event = 'published' and build_id != {build_id:String})
    )
