-- Celery's results → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- database: steps
select distinct
    coalesce(nullif(cast(name as text), ''), 'unnamed task') as name,
    coalesce(nullif(cast(name as text), ''), 'unnamed task') as family
from src_celery_taskmeta;

-- database: step_runs
-- The database backend writes the end of a task in the application's time zone, a retry in UTC, and no time of a start.
with zoned as (
    select
        src_celery_taskmeta.*,
        words.status as our_status,
        case
            when
                words.status in ('completed', 'failed', 'cancelled')
                and children is null
                then to_utc(replace(date_done, 'Z', ''), (select timezone from main.sources where id = :source_id))
            else date_done
        end as at,
        -- The frames of a traceback are indented; what is above the exception ends with the last of them.
        replace(traceback, char(10) || ' ', char(1)) as marked
    from src_celery_taskmeta
    left join src_statuses as words on words.word = lower(trim(src_celery_taskmeta.status))
),

endings as (
    select
        zoned.*,
        substr(marked, length(rtrim(marked, replace(marked, char(1), ''))) + 1) as ending
    from zoned
)

select
    cast(task_id as text) as source_key,
    coalesce(nullif(cast(name as text), ''), 'unnamed task') as step_name,
    -- A task that waits for its next try still has the number of retries before it.
    retries + 1 + (our_status is 'waiting') as attempt,
    our_status as status,
    status as source_status,
    case
        when our_status = 'failed'
            then nullif(trim(clean_text(substr(ending, instr(ending, char(10)) + 1)), char(10) || ' '), '')
    end as error_message,
    case when our_status in ('queued', 'waiting') then at end as queued_at,
    case when our_status = 'running' then at end as started_at,
    case when our_status in ('completed', 'failed', 'cancelled', 'skipped') then at end as ended_at,
    at as last_activity_at
from endings;

-- django: steps
select distinct
    coalesce(nullif(cast(task_name as text), ''), 'unnamed task') as name,
    coalesce(nullif(cast(task_name as text), ''), 'unnamed task') as family
from src_django_celery_results_taskresult;

-- django: step_runs
-- date_done is the time of the last change, and date_started is kept by newer versions with task_track_started.
select
    cast(results.task_id as text) as source_key,
    coalesce(nullif(cast(results.task_name as text), ''), 'unnamed task') as step_name,
    words.status,
    results.status as source_status,
    case
        when words.status = 'failed' and json_valid(results.result)
            then clean_text(
                json_extract(results.result, '$.exc_type')
                || coalesce(': ' || json_extract(results.result, '$.exc_message[0]'), '')
            )
    end as error_message,
    results.date_created as queued_at,
    case when words.status is not 'waiting' then results.date_started end as started_at,
    case when words.status in ('completed', 'failed', 'cancelled', 'skipped') then results.date_done end as ended_at,
    coalesce(results.date_done, results.date_started, results.date_created) as last_activity_at,
    case
        when words.status in ('completed', 'failed') and results.date_started <= results.date_done
            then cast(
                round((julianday(results.date_done) - julianday(results.date_started)) * 86400000) as integer
            )
    end as duration_ms
from src_django_celery_results_taskresult as results
left join src_statuses as words on words.word = lower(trim(results.status));

-- flower: steps
select distinct
    coalesce(nullif(cast(name as text), ''), 'unnamed task') as name,
    coalesce(nullif(cast(name as text), ''), 'unnamed task') as family
from src_flower_tasks;

-- flower: step_runs
-- What the results' database has of a task stays.
select
    cast(tasks.uuid as text) as source_key,
    coalesce(nullif(cast(tasks.name as text), ''), 'unnamed task') as step_name,
    tasks.retries + 1 + (words.status is 'waiting') as attempt,
    words.status,
    tasks.state as source_status,
    case when words.status = 'failed' then tasks.exception end as error_message,
    tasks.received as queued_at,
    case when words.status is not 'waiting' then tasks.started end as started_at,
    case
        when words.status in ('completed', 'failed', 'cancelled', 'skipped')
            then coalesce(tasks.succeeded, tasks.failed, tasks.revoked, tasks.rejected, tasks.timestamp)
    end as ended_at,
    -- A task that is to begin later is not silent before.
    nullif(
        max(
            coalesce(tasks.timestamp, tasks.started, tasks.received, ''),
            case when words.status in ('queued', 'waiting') then coalesce(tasks.eta, '') else '' end
        ),
        ''
    ) as last_activity_at,
    coalesce(
        tasks.runtime,
        case
            when words.status = 'failed' and tasks.started <= tasks.failed
                then cast(round((julianday(tasks.failed) - julianday(tasks.started)) * 86400000) as integer)
        end
    ) as duration_ms
from src_flower_tasks as tasks
left join src_statuses as words on words.word = lower(trim(tasks.state))
where
    cast(tasks.uuid as text) not in (
        select source_key
        from main.step_runs
        where
            source_id = :source_id
            and input_id <> :input_id
    );
