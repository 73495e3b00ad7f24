-- The story pipeline tracker → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.
-- Nothing here knows what was read before: read again, the same source gives the same rows.

-- any: with missing_stories
-- In the words of the index of orphans, so that it is used. What was deleted with its story may come back with it.
select step_runs.story_key
from main.step_runs
where
    step_runs.source_id = :source_id
    and (step_runs.story_key is not null or step_runs.run_key is not null)
    and step_runs.story_key is not null
    and step_runs.gone_at is null;

-- database: stories
select
    story_id as source_key,
    title,
    source as origin,
    created_at,
    updated_at
from src_stories;

-- database: runs
-- The tracker keeps no record of a run: its state is that of its step runs.
select
    run_id as source_key,
    'pipeline_run' as kind,
    1 as is_derived
from src_step_history
where run_id is not null
union
select
    run_id,
    'pipeline_run',
    1
from src_step_status
where run_id is not null;

-- database: steps
-- Where one of the tracker's own steps is in use, all five are known before a story has reached the last; but not where
-- one of these numbers has another name: the steps of a fork are those that are in use.
with own (name, position) as (
    values
    ('01_ingest', 1),
    ('02_preprocess', 2),
    ('03_generate', 3),
    ('04_postprocess', 4),
    ('05_package', 5)
),

used as (
    select step_name as name
    from src_step_history
    union
    select step_name
    from src_step_status
)

select
    name,
    name as family,
    case when name glob '[0-9]*' then cast(name as integer) end as position
from used
union
select
    name,
    name,
    position
from own
where
    exists (select 1 from used where used.name in (select name from own))
    and not exists (
        select 1
        from (
            select name
            from used
            union all
            select name
            from main.steps
            where source_id = :source_id
        ) as known
        where
            known.name glob '0[1-5]*'
            and known.name not in (select name from own)
    );

-- database: step_runs
-- Each row of the history is an attempt. The current state of a step is the acceptance result of the last attempt of
-- the run that it names, or of the last one where it names none (an acceptance check); where there is no such attempt,
-- or the state is not final, it is an attempt that the history does not have.
-- A story's step is read whole or not at all, so its attempts can be counted as they are read.
with numbered as (
    select
        id,
        row_number() over in_order as attempt,
        lead(id) over in_order is null as is_last
    from src_step_history
    window in_order as (partition by story_id, step_name order by id)
),

-- A limit lets SQLite read a value once, however often it is named below.
attempts as (
    select
        src_step_history.*,
        numbered.attempt,
        results.story_id as result_of,
        results.run_id as result_run_id,
        results.status as result_status,
        results.acceptance_passed,
        results.acceptance_details,
        results.error_message as result_error,
        results.completed_at as result_at,
        -- A check names no run. Its row was written then (UTC), which shows whether its time is that of another zone.
        case
            when results.run_id is not null or results.story_id is null then null
            when abs(julianday(results.completed_at) - julianday(results.created_at)) * 86400 < 2
                then results.completed_at
            else coalesce(results.created_at, results.completed_at)
        end as checked_at
    from numbered
    cross join src_step_history on src_step_history.id = numbered.id
    left join all_step_status as results
        on
            results.story_id = src_step_history.story_id
            and results.step_name = src_step_history.step_name
            and lower(trim(coalesce(results.status, ''))) not in ('pending', 'running')
            and (results.run_id is null or results.run_id is src_step_history.run_id)
            and (
                numbered.is_last
                or (
                    results.run_id is not null
                    and not exists (
                        select 1
                        from all_step_history as later
                        where
                            later.story_id = src_step_history.story_id
                            and later.step_name = src_step_history.step_name
                            and later.id > src_step_history.id
                            and later.run_id is results.run_id
                    )
                )
            )
    limit -1
),

-- The history keeps whole seconds, the state microseconds: an end that both have is the state's. A check that comes
-- later replaces the state; the work ended when the history says, and the check is the last sign of life.
ended as (
    select
        *,
        case
            when abs(julianday(result_at) - julianday(timestamp)) * 86400 < 2 then result_at
            else timestamp
        end as ended_at
    from attempts
)

select
    attempts.story_id || '/' || replace(attempts.step_name, '/', '~1') || '/' || attempts.attempt as source_key,
    1 + (attempts.result_of is not null) as source_rows,
    attempts.story_id as story_key,
    attempts.run_id as run_key,
    attempts.step_name,
    attempts.attempt,
    coalesce(result_words.status, words.status) as status,
    coalesce(attempts.result_status, attempts.status) as source_status,
    case
        when attempts.acceptance_passed = 1 then 1
        when attempts.acceptance_details is not null then 0
        when result_words.status = 'failed' and attempts.result_run_id is null then 0
    end as acceptance_passed,
    case
        when result_words.status = 'completed' then attempts.result_error
        else coalesce(
            attempts.error_message,
            attempts.result_error,
            case when result_words.status = 'failed' then attempts.acceptance_details end
        )
    end as error_message,
    null as queued_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', attempts.ended_at, -(attempts.execution_time_ms / 1000.0) || ' seconds')
        as started_at,
    attempts.ended_at,
    max(attempts.ended_at, coalesce(attempts.checked_at, attempts.ended_at)) as last_activity_at,
    attempts.execution_time_ms as duration_ms
from ended as attempts
left join src_statuses as words on words.word = lower(trim(attempts.status))
left join src_statuses as result_words on result_words.word = lower(trim(attempts.result_status))
union all
select
    states.story_id || '/' || replace(states.step_name, '/', '~1') || '/' || (
        1 + (
            select count(*)
            from all_step_history as earlier
            where
                earlier.story_id = states.story_id
                and earlier.step_name = states.step_name
        )
    ),
    1,
    states.story_id,
    states.run_id,
    states.step_name,
    1 + (
        select count(*)
        from all_step_history as earlier
        where
            earlier.story_id = states.story_id
            and earlier.step_name = states.step_name
    ),
    words.status,
    states.status,
    case
        when states.acceptance_passed = 1 then 1
        when states.acceptance_details is not null then 0
        when lower(trim(states.status)) = 'failed' and states.run_id is null then 0
    end,
    coalesce(
        states.error_message,
        case when lower(trim(states.status)) = 'failed' then states.acceptance_details end
    ),
    case when words.status = 'queued' then states.created_at end,
    states.started_at,
    coalesce(
        states.completed_at,
        case when words.status in ('completed', 'failed') then states.created_at end
    ),
    nullif(
        max(coalesce(states.started_at, ''), coalesce(states.completed_at, ''), coalesce(states.created_at, '')),
        ''
    ),
    -- Older trackers have no history, and some forks keep the start.
    case
        when states.started_at <= states.completed_at and words.status in ('completed', 'failed')
            then cast(round((julianday(states.completed_at) - julianday(states.started_at)) * 86400000) as integer)
    end
from src_step_status as states
left join src_statuses as words on words.word = lower(trim(states.status))
where
    lower(trim(coalesce(states.status, ''))) in ('pending', 'running')
    or not exists (
        select 1
        from all_step_history as attempts
        where
            attempts.story_id = states.story_id
            and attempts.step_name = states.step_name
            and (states.run_id is null or states.run_id is attempts.run_id)
    );

-- database: delete step_runs
-- What the folders said of a step before the database was read.
select folder_runs.id
from main.step_runs as folder_runs
join main.inputs as folders on folders.id = folder_runs.input_id
where
    folder_runs.source_id = :source_id
    and (
        (folder_runs.source_key >= 'output ' and folder_runs.source_key < 'output!')
        or (folder_runs.source_key >= 'run file ' and folder_runs.source_key < 'run file!')
    )
    and folders.part <> 'database'
    and exists (
        select 1
        from main.step_runs as known
        join main.inputs on inputs.id = known.input_id
        where
            inputs.part = 'database'
            and known.story_id = folder_runs.story_id
            and (
                folders.part = 'outputs'
                or (
                    known.step_id = folder_runs.step_id
                    and known.run_id = folder_runs.run_id
                )
            )
    );

-- database: gone stories
-- A story that a folder registered, but whose steps the database has: the registry is what lacks it.
select stories.id
from main.inputs as folders
cross join main.stories
    on
        stories.source_id = folders.source_id
        and stories.input_id = folders.id
where
    folders.source_id = :source_id
    and folders.part <> 'database'
    and stories.gone_at is null
    and exists (
        select 1
        from main.step_runs
        join main.inputs as knowing on knowing.id = step_runs.input_id
        where
            step_runs.story_id = stories.id
            and knowing.part = 'database'
    );

-- runs: runs
select distinct
    run_id as source_key,
    'pipeline_run' as kind,
    1 as is_derived
from src_run_files;

-- runs: stories, where absent
-- A run without the database (--no-db) has no other trace of its story.
select
    story_id as source_key,
    'run folder' as origin,
    min(timestamp) as created_at
from src_run_files
where story_id not in (select story_key from missing_stories)
group by story_id;

-- runs: steps
select distinct
    step as name,
    step as family,
    cast(step as integer) as position
from src_run_files;

-- runs: step_runs
-- Only what the database does not know already.
select
    'run file ' || files.path as source_key,
    files.story_id as story_key,
    files.run_id as run_key,
    files.step as step_name,
    words.status,
    files.status as source_status,
    case when words.status not in ('completed', 'failed') then files.timestamp end as started_at,
    case when words.status in ('completed', 'failed') then files.timestamp end as ended_at,
    files.timestamp as last_activity_at
from src_run_files as files
left join src_statuses as words on words.word = lower(trim(files.status))
left join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = files.run_id
where
    not exists (
        select 1
        from main.step_runs
        join main.inputs on inputs.id = step_runs.input_id
        join main.steps on steps.id = step_runs.step_id
        left join main.stories on stories.id = step_runs.story_id
        where
            step_runs.run_id = runs.id
            and inputs.part = 'database'
            and steps.name = files.step
            and coalesce(stories.source_key, step_runs.story_key) = files.story_id
    );

-- runs: delete step_runs
-- What the outputs said of a story before its runs were read.
select outputs.id
from main.step_runs as outputs
join main.inputs as output_folder on output_folder.id = outputs.input_id
where
    outputs.source_id = :source_id
    and outputs.source_key >= 'output '
    and outputs.source_key < 'output!'
    and output_folder.part = 'outputs'
    and exists (
        select 1
        from main.step_runs as known
        join main.inputs on inputs.id = known.input_id
        where
            inputs.part = 'runs'
            and known.story_id = outputs.story_id
    );

-- outputs: stories, where absent
-- A story that only its outputs show is registered after the fact.
select
    story_id as source_key,
    max(title) as title,
    'outputs folder' as origin,
    min(modified_at) as created_at
from src_output_files
where story_id not in (select story_key from missing_stories)
group by story_id;

-- outputs: steps
select distinct
    step as name,
    step as family,
    cast(step as integer) as position
from src_output_files;

-- outputs: artifacts
select
    path as source_key,
    'output' as kind,
    story_id as story_key,
    step as step_name,
    path,
    story_id || '.json' as name,
    'application/json' as mime_type,
    size_bytes,
    modified_at as created_at
from src_output_files;

-- outputs: step_runs
-- An output is a completed step, of a story of which nothing else is known.
select
    'output ' || files.path as source_key,
    files.story_id as story_key,
    files.step as step_name,
    'completed' as status,
    'output' as source_status,
    files.modified_at as ended_at,
    files.modified_at as last_activity_at
from src_output_files as files
where
    not exists (
        select 1
        from main.stories
        join main.step_runs on step_runs.story_id = stories.id
        join main.inputs on inputs.id = step_runs.input_id
        where
            stories.source_id = :source_id
            and stories.source_key = files.story_id
            and inputs.part <> 'outputs'
    )
    and files.story_id not in (
        select step_runs.story_key
        from main.step_runs
        join main.inputs on inputs.id = step_runs.input_id
        where
            step_runs.source_id = :source_id
            and (step_runs.story_key is not null or step_runs.run_key is not null)
            and step_runs.story_key is not null
            and inputs.part <> 'outputs'
    );
