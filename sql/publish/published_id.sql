-- grain: one row per record of a person or company that this build publishes under another id
with links as (
    select distinct 'person' as subject_kind, record_key, person_key as subject_key
    from core.core_person_link
    union all
    select distinct 'company' as subject_kind, record_key, company_key as subject_key
    from core.core_company_link
),

-- rows of this very build are those an interrupted publication has written already
known as (
    select
        subject_kind,
        record_key,
        argMax(subject_key, as_of) as subject_key
    from ops.published_id
    where as_of <= {as_of:DateTime64(6,'UTC')}
    group by subject_kind, record_key
)

select
    links.subject_kind as subject_kind,
    links.record_key as record_key,
    links.subject_key as subject_key,
    {build_id:String} as build_id,
    {as_of:DateTime64(6,'UTC')} as as_of
from links
left join known on known.subject_kind = links.subject_kind and known.record_key = links.record_key
where
    ifNull(known.subject_key, '') != links.subject_key
    -- a rebuild of the past reads the history and does not write it
    and {as_of:DateTime64(6,'UTC')} > greatest(
        (select max(as_of) from ops.published_id where build_id != {build_id:String}),
        (select max(as_of) from ops.build_log where event = 'published' and build_id != {build_id:String})
    )
