-- Prefect → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.

-- database: with flow_names
select
    cast(id as text) as id,
    max(cast(name as text)) as name
from all_flow
where name <> ''
group by cast(id as text);

-- database: pipelines
select distinct name
from flow_names;

-- database: runs
-- What is scheduled for later is not queued before it is late, and not silent before it is due. The API has the time of
-- a state in the state.
select
    runs.id as source_key,
    'flow_run' as kind,
    flow_names.name as pipeline_name,
    words.status,
    runs.state_name as source_status,
    case
        when words.status = 'failed'
            then coalesce(
                states.message,
                case when json_valid(runs.state) then clean_text(json_extract(runs.state, '$.message')) end
            )
    end as error_message,
    case when lower(coalesce(runs.state_name, '')) <> 'scheduled' then runs.expected_start_time end as queued_at,
    runs.start_time as started_at,
    runs.end_time as ended_at,
    nullif(
        max(
            coalesce(
                runs.state_timestamp,
                case when json_valid(runs.state) then to_utc(json_extract(runs.state, '$.timestamp'), 'UTC') end,
                ''
            ),
            coalesce(runs.start_time, ''),
            case
                when lower(trim(runs.state_type)) = 'scheduled'
                    then coalesce(runs.next_scheduled_start_time, runs.expected_start_time, '')
                else ''
            end
        ),
        ''
    ) as last_activity_at,
    case
        when runs.start_time <= runs.end_time
            then cast(round((julianday(runs.end_time) - julianday(runs.start_time)) * 86400000) as integer)
    end as duration_ms
from src_flow_run as runs
left join flow_names on flow_names.id = cast(runs.flow_id as text)
left join all_flow_run_state as states on states.id = runs.state_id
left join src_statuses as words
    on
        words.word = case lower(runs.state_name)
            when 'awaitingretry' then 'awaitingretry'
            else lower(trim(runs.state_type))
        end;

-- database: with flow_runs
select
    cast(id as text) as flow_run,
    max(cast(flow_id as text)) as flow
from all_flow_run
group by cast(id as text);

-- database: with numbered
-- Of an answer with task runs alone, the flow is known by the flow runs that were read before.
-- A task's key is its function's name and a digest (of 32 digits before 3.0). Names of task runs are random; instances
-- of a mapped task are numbered in the order in which they were made.
with parted as (
    select
        src_task_run.*,
        rtrim(task_key, replace(task_key, '-', '')) as stem
    from src_task_run
)

select
    parted.*,
    coalesce(
        state_timestamp,
        case when json_valid(state) then to_utc(json_extract(state, '$.timestamp'), 'UTC') end
    ) as state_at,
    coalesce(flow_names.name, pipelines.name) as pipeline_name,
    max(coalesce(flow_run_run_count, 1), 1) as flow_try,
    case
        when
            length(stem) > 1
            and length(task_key) - length(stem) in (8, 32)
            and substr(task_key, length(stem) + 1) not glob '*[^0-9a-f]*'
            then substr(stem, 1, length(stem) - 1)
        else task_key
    end as family,
    row_number() over (
        partition by
            coalesce(parted.flow_run_id, parted.id), max(coalesce(flow_run_run_count, 1), 1), task_key
        order by parted.created, parted.id
    ) - 1 as instance
from parted
left join flow_runs on flow_runs.flow_run = cast(parted.flow_run_id as text)
left join flow_names on flow_names.id = flow_runs.flow
left join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = cast(parted.flow_run_id as text)
        and flow_names.id is null
left join main.pipelines on pipelines.id = runs.pipeline_id;

-- database: steps
select distinct
    pipeline_name,
    family || case when instance > 0 then '[' || instance || ']' else '' end as name,
    family
from numbered;

-- database: step_runs
-- Joined to the states as they are, which are indexed: SQLite would go through all of a result that it has to make.
-- With the plus sign the index is used whatever the type of the key.
with states as (
    select
        numbered.*,
        numbered.family
        || case when numbered.instance > 0 then '[' || numbered.instance || ']' else '' end as step_name,
        all_task_run_state.timestamp,
        all_task_run_state.message,
        lower(trim(all_task_run_state.type)) as type,
        all_task_run_state.name as word,
        lower(trim(all_task_run_state.name)) as name
    from numbered
    left join all_task_run_state on all_task_run_state.task_run_id = +numbered.id
),

followed as (
    select
        states.*,
        max(case when type = 'running' then timestamp end) over (
            partition by id
            order by timestamp
            rows between unbounded preceding and 1 preceding
        ) as last_running_at,
        max(case when name = 'awaitingretry' then timestamp end) over (
            partition by id
            order by timestamp
            rows between unbounded preceding and 1 preceding
        ) as last_awaiting_at
    from states
),

-- A state that announces a retry ends one try, and the next one waits since then. Without a delay none does: it is
-- retrying at once.
ended as (
    select
        followed.*,
        coalesce(
            name = 'awaitingretry'
            or (name = 'retrying' and last_running_at >= coalesce(last_awaiting_at, '')),
            0
        ) as is_retry
    from followed
),

parted as (
    select
        ended.*,
        coalesce(
            sum(is_retry) over (
                partition by id
                order by timestamp
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) + 1 as try
    from ended
),

changes as (
    select
        parted.*,
        try as own_try,
        case when is_retry then 'failed' else type end as change
    from parted
    union all
    select
        parted.*,
        try + 1,
        case when name = 'retrying' then 'running' else 'waiting' end
    from parted
    where is_retry
),

-- All but the states is the same in each row of a task run.
tries as (
    select
        changes.*,
        min(case when change = 'waiting' then timestamp end) as waiting_at,
        min(case when change = 'running' then timestamp end) as running_at,
        max(case when change in ('completed', 'failed', 'crashed', 'cancelled') then timestamp end) as finished_at,
        max(case when change in ('failed', 'crashed') then message end) as error,
        max(case when is_retry and change = 'failed' then word end) as last_word,
        max(timestamp) as changed_at
    from changes
    group by
        id,
        own_try
),

-- Of tries whose states are not kept, how often the task began says how many there were.
placed as (
    select
        tries.*,
        own_try = max(own_try) over (partition by id) as is_last,
        row_number() over (
            partition by coalesce(flow_run_id, id), step_name
            order by flow_try, own_try
        ) + case
            when changed_at is null
                then max(coalesce(run_count, 1) + (lower(trim(state_name)) is 'awaitingretry') - 1, 0)
            else 0
        end as attempt
    from tries
),

-- The last try is in the state that the task run is in; where no states are kept, that is all there is.
attempts as (
    select
        id,
        flow_run_id,
        pipeline_name,
        step_name,
        own_try as try,
        attempt,
        case
            when not is_last then 'failed'
            when lower(state_name) in ('awaitingretry', 'notready') then lower(state_name)
            else lower(trim(state_type))
        end as word,
        case when is_last then state_name else last_word end as source_status,
        coalesce(
            error,
            case when is_last and json_valid(state) then clean_text(json_extract(state, '$.message')) end
        ) as error,
        coalesce(waiting_at, case when own_try = 1 then expected_start_time end) as queued_at,
        case when changed_at is null then start_time else running_at end as started_at,
        case
            when lower(state_name) = 'notready' then state_at
            when changed_at is null then end_time
            else finished_at
        end as ended_at,
        nullif(
            max(
                coalesce(changed_at, state_at, ''),
                case
                    when is_last and lower(trim(state_type)) = 'scheduled' then coalesce(next_scheduled_start_time, '')
                    else ''
                end
            ),
            ''
        ) as last_activity_at
    from placed
)

select
    attempts.id || '/' || attempts.try as source_key,
    attempts.try = 1 as source_rows,
    attempts.flow_run_id as run_key,
    attempts.pipeline_name,
    attempts.step_name,
    attempts.attempt,
    words.status,
    attempts.source_status,
    case when words.status = 'failed' then attempts.error end as error_message,
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
