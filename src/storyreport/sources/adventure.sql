-- The choose-your-own-adventure service → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words. Keys are numbers here: as text they
-- find their rows by index.

-- database: stories
select
    cast(id as text) as source_key,
    title,
    session_id as session_hash,
    created_at
from src_stories;

-- database: runs
-- The job's number alone could be taken for a story's. A job that ends before it began has been written in two time
-- zones: how long it took is not known.
select
    coalesce(nullif(cast(jobs.job_id as text), ''), 'job ' || jobs.id) as source_key,
    'job' as kind,
    nullif(cast(jobs.story_id as text), '') as story_key,
    jobs.theme,
    jobs.session_id as session_hash,
    words.status,
    jobs.status as source_status,
    case when words.status in ('queued', 'running') then 'generate_story' end as current_step,
    -- What a library says of an answer that it cannot read, and a database of a failed statement, quotes the story.
    without_quotes(error_text(jobs.error)) as error_message,
    jobs.created_at as started_at,
    jobs.completed_at as ended_at,
    case
        when jobs.completed_at >= jobs.created_at
            then cast(round((julianday(jobs.completed_at) - julianday(jobs.created_at)) * 86400000) as integer)
    end as duration_ms
from src_story_jobs as jobs
left join src_statuses as words on words.word = lower(trim(jobs.status));

-- database: steps
select
    'generate_story' as name,
    'generate_story' as family
from src_story_jobs
limit 1;

-- database: step_runs
-- A job has one step. Until the job has ended it is the run's current one, so that nothing is stuck twice.
select
    coalesce(nullif(cast(jobs.job_id as text), ''), 'job ' || jobs.id) as source_key,
    'job_step' as kind,
    1 as is_derived,
    coalesce(nullif(cast(jobs.job_id as text), ''), 'job ' || jobs.id) as run_key,
    nullif(cast(jobs.story_id as text), '') as story_key,
    'generate_story' as step_name,
    words.status,
    jobs.status as source_status,
    jobs.created_at as started_at,
    jobs.completed_at as ended_at,
    case
        when jobs.completed_at >= jobs.created_at
            then cast(round((julianday(jobs.completed_at) - julianday(jobs.created_at)) * 86400000) as integer)
    end as duration_ms
from src_story_jobs as jobs
join src_statuses as words on words.word = lower(trim(jobs.status))
where words.status in ('completed', 'failed');

-- database: story_nodes
-- No options at all (null, in SQL or JSON) are not broken ones.
with nodes as (
    select
        src_story_nodes.*,
        case when json_valid(options) then json_type(options) end as options_type
    from src_story_nodes
)

select
    cast(id as text) as source_key,
    'node' as kind,
    nullif(cast(story_id as text), '') as story_key,
    is_root,
    is_ending,
    is_winning_ending,
    case
        when options is null or options_type = 'null' then 0
        when options_type = 'array'
            then exists (
                select 1
                from json_each(case when options_type = 'array' then options end)
                where type <> 'object'
            )
        else 1
    end as has_broken_options,
    content as text
from nodes;

-- database: story_options
-- What is no object is no option, but keeps its place. A node's content is null where texts are not to be copied, and
-- then neither are those of its options.
with offered as (
    select
        nodes.id,
        nodes.content,
        options.key + 1 as position,
        options.value,
        case when json_type(options.value, '$.node_id') is null then '$.nodeId' else '$.node_id' end as target
    from src_story_nodes as nodes
    join
        json_each(
            case
                when json_valid(nodes.options)
                    then case json_type(nodes.options) when 'array' then nodes.options end
            end
        ) as options
    where options.type = 'object'
)

select
    id || '/' || position as source_key,
    cast(id as text) as node_key,
    case json_type(value, target)
        when 'integer' then cast(json_extract(value, target) as text)
        when 'real' then cast(json_extract(value, target) as text)
        when 'text' then nullif(clean_text(cast(json_extract(value, target) as blob), 500), '')
    end as target_key,
    position,
    case
        when content is not null and json_type(value, '$.text') = 'text'
            then clean_text(cast(json_extract(value, '$.text') as blob))
    end as text
from offered;
