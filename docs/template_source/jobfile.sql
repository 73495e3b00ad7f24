-- The job runner's documents → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- documents: stories, where absent
-- A story is known by the jobs that name it.
select
    cast(story as text) as source_key,
    max(title) as title,
    min(submitted) as created_at
from src_job_records
where story <> ''
group by cast(story as text);

-- documents: runs
-- A job stands in each document since it began: the latest one has its state.
with ranked as (
    select
        src_job_records.*,
        row_number() over (partition by id order by document desc) as place
    from src_job_records
)

select
    ranked.id as source_key,
    'job' as kind,
    ranked.story as story_key,
    words.status,
    ranked.state as source_status,
    ranked.submitted as queued_at,
    ranked.started as started_at,
    ranked.finished as ended_at,
    coalesce(ranked.finished, ranked.started, ranked.submitted) as last_activity_at,
    case
        when ranked.started <= ranked.finished
            then cast(round((julianday(ranked.finished) - julianday(ranked.started)) * 86400000) as integer)
    end as duration_ms
from ranked
left join src_statuses as words on words.word = lower(trim(ranked.state))
where ranked.place = 1;

-- documents: steps
-- draft_2 is an instance of draft.
select distinct
    cast(name as text) as name,
    case
        when rtrim(name, '0123456789') glob '?*_' then rtrim(rtrim(name, '0123456789'), '_')
        else cast(name as text)
    end as family
from src_task_records;

-- documents: step_runs
with ranked as (
    select
        src_task_records.*,
        key(job, name, coalesce(try, 1)) as source_key,
        count(*) over (partition by job, name, coalesce(try, 1)) as source_rows,
        row_number() over (partition by job, name, coalesce(try, 1) order by document desc) as place
    from src_task_records
)

select
    ranked.source_key,
    ranked.source_rows,
    -- Without story_key: a task belongs to the story of its run.
    ranked.job as run_key,
    ranked.name as step_name,
    coalesce(ranked.try, 1) as attempt,
    words.status,
    ranked.state as source_status,
    nullif(ranked.message, '') as error_message,
    ranked.started as started_at,
    ranked.finished as ended_at,
    coalesce(ranked.finished, ranked.started) as last_activity_at,
    case
        when ranked.started <= ranked.finished
            then cast(round((julianday(ranked.finished) - julianday(ranked.started)) * 86400000) as integer)
    end as duration_ms
from ranked
left join src_statuses as words on words.word = lower(trim(ranked.state))
where ranked.place = 1;
