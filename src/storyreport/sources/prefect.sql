-- Prefect → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.

-- database: runs
-- What is scheduled for later is not queued before it is late.
select
    runs.id as source_key,
    'flow_run' as kind,
    parents.flow_run_id as parent_key,
    words.status,
    runs.state_name as source_status,
    case when words.status = 'failed' then states.message end as error_message,
    case when lower(coalesce(runs.state_name, '')) <> 'scheduled' then runs.expected_start_time end as queued_at,
    runs.start_time as started_at,
    runs.end_time as ended_at,
    nullif(max(coalesce(runs.state_timestamp, ''), coalesce(runs.start_time, '')), '') as last_activity_at,
    case
        when runs.start_time <= runs.end_time
            then cast(round((julianday(runs.end_time) - julianday(runs.start_time)) * 86400000) as integer)
    end as duration_ms
from src_flow_run as runs
left join all_task_run as parents on parents.id = runs.parent_task_run_id
left join all_flow_run_state as states on states.id = runs.state_id
left join src_statuses as words
    on
        words.word = case lower(runs.state_name)
            when 'awaitingretry' then 'awaitingretry'
            else lower(trim(runs.state_type))
        end;

-- database: steps
-- A task's key is its function's name and a digest. Names of task runs are random; instances of a mapped task are
-- numbered in the order in which they were made.
with numbered as (
    select
        case when task_key glob '?*-????????' then substr(task_key, 1, length(task_key) - 9) else task_key end as family,
        row_number() over (
            partition by coalesce(flow_run_id, id), max(coalesce(flow_run_run_count, 1), 1), task_key
            order by created, id
        ) - 1 as instance
    from src_task_run
)

select distinct
    family || case when instance > 0 then '[' || instance || ']' else '' end as name,
    family
from numbered;

-- database: step_runs
with numbered as (
    select
        src_task_run.*,
        max(coalesce(flow_run_run_count, 1), 1) as flow_try,
        case when task_key glob '?*-????????' then substr(task_key, 1, length(task_key) - 9) else task_key end as family,
        row_number() over (
            partition by coalesce(flow_run_id, id), max(coalesce(flow_run_run_count, 1), 1), task_key
            order by created, id
        ) - 1 as instance
    from src_task_run
),

states as (
    select
        task_run_id,
        lower(trim(type)) as type,
        coalesce(lower(trim(name)) = 'awaitingretry', 0) as is_retry,
        message,
        timestamp
    from all_task_run_state
    where task_run_id in (select id from src_task_run)
),

-- A state that announces a retry ends one try, and the next one waits since then.
parted as (
    select
        states.*,
        coalesce(
            sum(is_retry) over (
                partition by task_run_id
                order by timestamp
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) + 1 as try
    from states
),

steps_of_tries as (
    select
        task_run_id,
        try,
        case when is_retry then 'failed' else type end as type,
        message,
        timestamp
    from parted
    union all
    select
        task_run_id,
        try + 1,
        'waiting',
        null,
        timestamp
    from parted
    where is_retry
),

tries as (
    select
        task_run_id,
        try,
        try = max(try) over (partition by task_run_id) as is_last,
        min(case when type = 'waiting' then timestamp end) as queued_at,
        min(case when type = 'running' then timestamp end) as started_at,
        max(case when type in ('completed', 'failed', 'crashed', 'cancelled') then timestamp end) as ended_at,
        max(case when type in ('failed', 'crashed') then message end) as message,
        max(timestamp) as last_activity_at
    from steps_of_tries
    group by
        task_run_id,
        try
),

-- The last try is in the state that the task run is in; where no states are kept, that is all there is.
attempts as (
    select
        numbered.id,
        numbered.flow_run_id,
        numbered.family || case when numbered.instance > 0 then '[' || numbered.instance || ']' else '' end as step_name,
        coalesce(tries.try, 1) as try,
        row_number() over (
            partition by coalesce(numbered.flow_run_id, numbered.id), numbered.family, numbered.instance
            order by numbered.flow_try, tries.try
        ) as attempt,
        case
            when not tries.is_last then 'failed'
            when lower(numbered.state_name) in ('awaitingretry', 'notready') then lower(numbered.state_name)
            else lower(trim(numbered.state_type))
        end as word,
        case when not tries.is_last then 'AwaitingRetry' else numbered.state_name end as source_status,
        tries.message,
        coalesce(tries.queued_at, numbered.expected_start_time) as queued_at,
        case when tries.try is null then numbered.start_time else tries.started_at end as started_at,
        case
            when tries.try is null then numbered.end_time
            when lower(numbered.state_name) = 'notready' then numbered.state_timestamp
            else tries.ended_at
        end as ended_at,
        coalesce(tries.last_activity_at, numbered.state_timestamp) as last_activity_at
    from numbered
    left join tries on tries.task_run_id = numbered.id
)

select
    attempts.id || '/' || attempts.try as source_key,
    attempts.try = 1 as source_rows,
    attempts.flow_run_id as run_key,
    attempts.step_name,
    attempts.attempt,
    words.status,
    attempts.source_status,
    case when words.status = 'failed' then attempts.message end as error_message,
    attempts.queued_at,
    attempts.started_at,
    attempts.ended_at,
    attempts.last_activity_at,
    case
        when attempts.started_at <= attempts.ended_at
            then cast(round((julianday(attempts.ended_at) - julianday(attempts.started_at)) * 86400000) as integer)
    end as duration_ms
from attempts
left join src_statuses as words on words.word = attempts.word;
