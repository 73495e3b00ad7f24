-- Luigi's task history → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.

-- database: runs
-- A restarted scheduler records a task again: records with the same task id are runs of the same task.
select
    cast(id as text) as source_key,
    'task' as kind,
    nullif(first_id, cast(id as text)) as again_of,
    1 as is_derived
from (
    select
        id,
        cast(
            min(cast(id as integer)) over (partition by coalesce(task_id, 'task ' || id)) as text
        ) as first_id
    from all_tasks
)
where id in (select id from src_tasks);

-- database: steps
select
    cast(name as text) as name,
    cast(name as text) as family
from src_tasks
union
select
    'unknown task',
    'unknown task'
from src_task_events
where task_id not in (select id from all_tasks);

-- database: step_runs
-- An attempt is the events up to the one that ends it; a later one that the task is pending queues the next attempt.
-- Events are in the order of their ids: local times repeat when the clock is set back.
with numbered as (
    select
        src_task_events.*,
        lower(trim(event_name)) as word,
        coalesce(
            sum(lower(trim(event_name)) in ('done', 'failed')) over (
                partition by task_id
                order by id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) + 1 as attempt
    from src_task_events
),

attempts as (
    select
        task_id,
        attempt,
        count(*) as source_rows,
        max(id) as last_id,
        min(case when word = 'pending' then ts end) as queued_at,
        max(case when word = 'running' then ts end) as started_at,
        max(case when word in ('done', 'failed') then ts end) as ended_at,
        max(ts) as last_activity_at
    from numbered
    group by
        task_id,
        attempt
)

select
    cast(attempts.task_id as text) || '/' || attempts.attempt as source_key,
    attempts.source_rows,
    cast(attempts.task_id as text) as run_key,
    coalesce(cast(all_tasks.name as text), 'unknown task') as step_name,
    attempts.attempt,
    words.status,
    numbered.event_name as source_status,
    attempts.queued_at,
    attempts.started_at,
    attempts.ended_at,
    attempts.last_activity_at,
    case
        when attempts.started_at <= attempts.ended_at
            then cast(round((julianday(attempts.ended_at) - julianday(attempts.started_at)) * 86400000) as integer)
    end as duration_ms
from attempts
join numbered
    on
        numbered.task_id = attempts.task_id
        and numbered.id = attempts.last_id
left join all_tasks on all_tasks.id = attempts.task_id
-- A task that is done without having been started was complete before.
left join src_statuses as words
    on
        words.word = case
            when numbered.word = 'done' and attempts.started_at is null then 'complete'
            else numbered.word
        end;
