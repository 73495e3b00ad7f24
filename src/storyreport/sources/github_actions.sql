-- GitHub Actions' jobs → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- jobs: with workflows
select
    cast(run_id as text) as run_key,
    max(cast(nullif(workflow_name, '') as text)) as pipeline_name
from src_job_records
group by cast(run_id as text);

-- jobs: pipelines
select distinct pipeline_name as name
from workflows
where pipeline_name is not null;

-- jobs: runs
-- The jobs of a run's last attempt say how it is: it has failed if one of them has. A job that was not repeated counts
-- with its earlier attempt.
with outcomes as (
    select
        cast(jobs.run_id as text) as run_key,
        coalesce(nullif(jobs.conclusion, ''), jobs.status) as source_status,
        words.status,
        jobs.created_at as queued_at,
        case
            when coalesce(words.status, '') not in ('queued', 'waiting', 'skipped') then jobs.started_at
        end as started_at,
        case
            when coalesce(words.status, '') not in ('queued', 'waiting', 'skipped') then jobs.completed_at
        end as ended_at,
        coalesce(words.status, '') in ('queued', 'running', 'waiting') as is_open,
        row_number() over (
            partition by jobs.run_id, jobs.name
            order by coalesce(jobs.run_attempt, 1) desc, jobs.completed_at is null, jobs.document desc
        ) as place
    from src_job_records as jobs
    left join src_statuses as words on words.word = lower(trim(coalesce(nullif(jobs.conclusion, ''), jobs.status)))
),

ranked as (
    select
        outcomes.*,
        min(queued_at) over (partition by run_key) as run_queued_at,
        min(started_at) over (partition by run_key) as run_started_at,
        max(ended_at) over (partition by run_key) as last_ended_at,
        case when max(is_open) over (partition by run_key) = 0 then max(ended_at) over (partition by run_key) end
            as run_ended_at,
        row_number() over (
            partition by run_key
            order by
                case status
                    when 'running' then 1
                    when 'waiting' then 2
                    when 'queued' then 3
                    when 'failed' then 5
                    when 'cancelled' then 6
                    when 'completed' then 7
                    when 'skipped' then 8
                    else 4
                end,
                source_status
        ) as weight
    from outcomes
    where place = 1
)

select
    ranked.run_key as source_key,
    'workflow_run' as kind,
    workflows.pipeline_name,
    status,
    source_status,
    run_queued_at as queued_at,
    run_started_at as started_at,
    run_ended_at as ended_at,
    coalesce(last_ended_at, run_started_at, run_queued_at) as last_activity_at,
    case
        when run_started_at <= run_ended_at
            then cast(round((julianday(run_ended_at) - julianday(run_started_at)) * 86400000) as integer)
    end as duration_ms
from ranked
left join workflows on workflows.run_key = ranked.run_key
where weight = 1;

-- jobs: steps
-- test (3.12) is an instance of the job test, made by its matrix.
with named as (
    select
        workflows.pipeline_name,
        cast(jobs.name as text) as job,
        ' / ' || steps.name as step
    from src_job_records as jobs
    left join workflows on workflows.run_key = cast(jobs.run_id as text)
    left join src_step_records as steps on steps.job = jobs.id
)

select distinct
    pipeline_name,
    job || coalesce(step, '') as name,
    case
        when job glob '?* (*)' then substr(job, 1, instr(job, ' (') - 1)
        else job
    end || coalesce(step, '') as family
from named;

-- jobs: step_runs
-- The steps of the jobs; a job without steps is one itself. A job may stand in several documents: its last one counts.
with jobs as (
    select
        src_job_records.*,
        count(*) over (partition by id) as documents,
        row_number() over (partition by id order by completed_at is null, document desc) as place
    from src_job_records
),

steps as (
    select
        src_step_records.*,
        count(*) over (partition by job, number) as documents,
        row_number() over (partition by job, number order by completed_at is null, document desc) as place
    from src_step_records
),

work as (
    select
        key(jobs.id, steps.number) as source_key,
        steps.documents as source_rows,
        cast(jobs.run_id as text) as run_key,
        jobs.name || ' / ' || steps.name as step_name,
        coalesce(jobs.run_attempt, 1) as attempt,
        coalesce(nullif(steps.conclusion, ''), steps.status) as source_status,
        null as queued_at,
        steps.started_at,
        steps.completed_at
    from jobs
    inner join steps on steps.job = jobs.id
    where
        jobs.place = 1
        and steps.place = 1
    union all
    select
        key(jobs.id),
        jobs.documents,
        cast(jobs.run_id as text),
        cast(jobs.name as text),
        coalesce(jobs.run_attempt, 1),
        coalesce(nullif(jobs.conclusion, ''), jobs.status),
        jobs.created_at,
        jobs.started_at,
        jobs.completed_at
    from jobs
    where
        jobs.place = 1
        and jobs.id not in (select job from src_step_records)
),

-- GitHub writes times into work that was skipped or is not yet begun.
timed as (
    select
        work.*,
        words.status,
        case
            when coalesce(words.status, '') not in ('queued', 'waiting', 'skipped') then work.started_at
        end as began_at,
        case
            when coalesce(words.status, '') not in ('queued', 'waiting', 'skipped') then work.completed_at
        end as ended_at
    from work
    left join src_statuses as words on words.word = lower(trim(work.source_status))
)

select
    source_key,
    source_rows,
    timed.run_key,
    workflows.pipeline_name,
    step_name,
    attempt,
    status,
    source_status,
    queued_at,
    began_at as started_at,
    ended_at,
    coalesce(ended_at, began_at, queued_at) as last_activity_at,
    case
        when began_at <= ended_at
            then cast(round((julianday(ended_at) - julianday(began_at)) * 86400000) as integer)
    end as duration_ms
from timed
left join workflows on workflows.run_key = timed.run_key;
