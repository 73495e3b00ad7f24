-- Dagster → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- runs: pipelines
select distinct cast(pipeline_name as text) as name
from src_runs
where pipeline_name <> '';

-- runs: runs
-- A re-execution names the first run; a retry by the daemon does, too.
select
    runs.run_id as source_key,
    'run' as kind,
    (
        select cast(tags.value as text)
        from all_run_tags as tags
        where
            tags.run_id = runs.run_id
            and tags.key = 'dagster/root_run_id'
            and tags.value <> runs.run_id
        limit 1
    ) as again_of,
    nullif(runs.pipeline_name, '') as pipeline_name,
    words.status,
    runs.status as source_status,
    runs.create_timestamp as queued_at,
    runs.start_time as started_at,
    runs.end_time as ended_at,
    nullif(
        max(coalesce(runs.end_time, ''), coalesce(runs.start_time, ''), coalesce(runs.create_timestamp, '')),
        ''
    ) as last_activity_at,
    case
        when runs.start_time <= runs.end_time
            then cast(round((julianday(runs.end_time) - julianday(runs.start_time)) * 86400000) as integer)
    end as duration_ms
from src_runs as runs
left join src_statuses as words on words.word = lower(trim(runs.status));

-- events: with jobs
-- Each event names the job of its run; so does the other part, which may have been read before.
select
    events.run_id,
    coalesce(max(nullif(events.job, '')), max(pipelines.name)) as pipeline_name
from (
    select
        cast(run_id as text) as run_id,
        case when json_valid(event) then cast(json_extract(event, '$.pipeline_name') as text) end as job
    from src_event_logs
) as events
left join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = events.run_id
left join main.pipelines on pipelines.id = runs.pipeline_id
group by events.run_id;

-- events: pipelines
select distinct pipeline_name as name
from jobs
where pipeline_name is not null;

-- events: runs
-- Only of runs that the other part does not have: it is believed more. Where the API has answered in
-- pages, the events before these may have been read already.
with changes as (
    select
        src_event_logs.*,
        words.status,
        row_number() over (partition by run_id order by src_event_logs.id desc) as place_from_end
    from src_event_logs
    left join src_statuses as words on words.word = lower(dagster_event_type)
    where lower(dagster_event_type) glob 'pipeline_*'
),

pages as (
    select
        run_id,
        max(case when place_from_end = 1 then status end) as status,
        max(case when place_from_end = 1 then dagster_event_type end) as source_status,
        min(case when status = 'queued' then timestamp end) as queued_at,
        min(case when lower(dagster_event_type) = 'pipeline_start' then timestamp end) as started_at,
        max(case when place_from_end = 1 and status in ('completed', 'failed', 'cancelled') then timestamp end)
            as ended_at,
        max(timestamp) as last_activity_at
    from changes
    group by run_id
),

whole as (
    select
        pages.run_id,
        pages.status,
        pages.source_status,
        coalesce(pages.queued_at, before.queued_at) as queued_at,
        coalesce(pages.started_at, before.started_at) as started_at,
        pages.ended_at,
        pages.last_activity_at
    from pages
    left join main.runs as before
        on
            before.source_id = :source_id
            and before.source_key = pages.run_id
)

select
    runs.run_id as source_key,
    'run' as kind,
    jobs.pipeline_name,
    runs.status,
    runs.source_status,
    runs.queued_at,
    runs.started_at,
    runs.ended_at,
    runs.last_activity_at,
    case
        when runs.started_at <= runs.ended_at
            then cast(round((julianday(runs.ended_at) - julianday(runs.started_at)) * 86400000) as integer)
    end as duration_ms
from whole as runs
left join jobs on jobs.run_id = runs.run_id
where
    runs.run_id not in (
        select source_key
        from main.runs
        where
            source_id = :source_id
            and input_id <> :input_id
    );

-- events: steps
-- The instances of a dynamic step have their keys in brackets.
select distinct
    jobs.pipeline_name,
    step_key as name,
    case
        when step_key glob '?*[[]*]' then substr(step_key, 1, instr(step_key, '[') - 1)
        else step_key
    end as family
from src_event_logs
left join jobs on jobs.run_id = src_event_logs.run_id
where
    step_key <> ''
    and lower(dagster_event_type) in (select word from src_statuses where word glob 'step_*');

-- events: step_runs
-- An attempt is the events of a step up to the one that asks for a retry, with which the wait for the next one begins.
with retries as (
    select
        src_event_logs.*,
        coalesce(
            sum(lower(dagster_event_type) = 'step_up_for_retry') over (
                partition by run_id, step_key
                order by id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) + 1 as attempt
    from src_event_logs
    where
        step_key <> ''
        and lower(dagster_event_type) in (select word from src_statuses where word glob 'step_*')
),

changes as (
    select
        id,
        run_id,
        step_key,
        attempt,
        lower(dagster_event_type) as word,
        timestamp,
        case when json_valid(event) then json_extract(event, '$.dagster_event.event_specific_data.error') end as error
    from retries
    union all
    select
        id,
        run_id,
        step_key,
        attempt + 1,
        'wait_for_retry',
        timestamp,
        null
    from retries
    where lower(dagster_event_type) = 'step_up_for_retry'
),

attempts as (
    select
        run_id,
        step_key,
        attempt,
        max(id) as last_id,
        min(case when word in ('step_worker_starting', 'wait_for_retry') then timestamp end) as queued_at,
        min(case when word in ('step_start', 'step_restarted') then timestamp end) as started_at,
        max(timestamp) as last_activity_at
    from changes
    group by
        run_id,
        step_key,
        attempt
),

-- How a run ended, if it has: what had not ended by then never will.
endings as (
    select
        run_id,
        timestamp,
        lower(dagster_event_type) as word
    from (
        select
            src_event_logs.*,
            row_number() over (partition by run_id order by id desc) as place_from_end
        from src_event_logs
        where lower(dagster_event_type) glob 'pipeline_*'
    )
    where
        place_from_end = 1
        and lower(dagster_event_type) in ('pipeline_failure', 'pipeline_canceled')
),

evaluated as (
    select
        attempts.run_id,
        attempts.step_key,
        attempts.attempt,
        coalesce(attempts.queued_at, before.queued_at) as queued_at,
        coalesce(attempts.started_at, before.started_at) as started_at,
        attempts.last_activity_at,
        words.status as own_status,
        changes.word,
        changes.error,
        endings.word as run_word,
        case when words.status in ('completed', 'failed', 'skipped') then changes.timestamp else endings.timestamp end
            as ended_at
    from attempts
    join changes
        on
            changes.run_id = attempts.run_id
            and changes.step_key = attempts.step_key
            and changes.attempt = attempts.attempt
            and changes.id = attempts.last_id
    left join src_statuses as words on words.word = changes.word
    left join endings on endings.run_id = attempts.run_id
    left join main.step_runs as before
        on
            before.source_id = :source_id
            and before.source_key = key(attempts.run_id, attempts.step_key) || '/' || attempts.attempt
)

select
    key(evaluated.run_id, evaluated.step_key) || '/' || evaluated.attempt as source_key,
    evaluated.run_id as run_key,
    jobs.pipeline_name,
    evaluated.step_key as step_name,
    evaluated.attempt,
    case
        when evaluated.own_status in ('completed', 'failed', 'skipped') or evaluated.run_word is null
            then evaluated.own_status
        when evaluated.own_status = 'running' and evaluated.run_word = 'pipeline_failure' then 'failed'
        else 'cancelled'
    end as status,
    case evaluated.word when 'wait_for_retry' then 'STEP_UP_FOR_RETRY' else upper(evaluated.word) end as source_status,
    nullif(
        trim(
            clean_text(
                coalesce(
                    json_extract(evaluated.error, '$.cause.cause.message'),
                    json_extract(evaluated.error, '$.cause.message'),
                    json_extract(evaluated.error, '$.message')
                )
            ),
            char(10) || ' '
        ),
        ''
    ) as error_message,
    evaluated.queued_at,
    evaluated.started_at,
    evaluated.ended_at,
    evaluated.last_activity_at,
    case
        when evaluated.own_status in ('completed', 'failed') and evaluated.started_at <= evaluated.ended_at
            then cast(round((julianday(evaluated.ended_at) - julianday(evaluated.started_at)) * 86400000) as integer)
    end as duration_ms
from evaluated
left join jobs on jobs.run_id = evaluated.run_id;

-- answers: pipelines
select distinct cast(jobname as text) as name
from src_answered_runs
where jobname <> '';

-- answers: runs
-- What the storage has of a run stays.
with ranked as (
    select
        src_answered_runs.*,
        row_number() over (partition by runid order by updatetime desc, endtime desc, starttime desc) as place
    from src_answered_runs
    where
        cast(runid as text) not in (
            select source_key
            from main.runs
            where
                source_id = :source_id
                and input_id <> :input_id
        )
)

select
    ranked.runid as source_key,
    'run' as kind,
    nullif(nullif(ranked.rootrunid, ''), ranked.runid) as again_of,
    nullif(ranked.jobname, '') as pipeline_name,
    words.status,
    ranked.status as source_status,
    ranked.creationtime as queued_at,
    ranked.starttime as started_at,
    ranked.endtime as ended_at,
    coalesce(ranked.endtime, ranked.updatetime, ranked.starttime, ranked.creationtime) as last_activity_at,
    case
        when ranked.starttime <= ranked.endtime
            then cast(round((julianday(ranked.endtime) - julianday(ranked.starttime)) * 86400000) as integer)
    end as duration_ms
from ranked
left join src_statuses as words on words.word = lower(trim(ranked.status))
where ranked.place = 1;

-- answers: with named_steps
select
    src_answered_steps.*,
    src_answered_runs.jobname,
    row_number() over (
        partition by src_answered_steps.runid, src_answered_steps.stepkey, src_answered_steps.attempt
        order by src_answered_steps.attempts desc, src_answered_steps.endtime desc
    ) as place
from src_answered_steps
left join src_answered_runs on src_answered_runs.runid = src_answered_steps.runid;

-- answers: steps
select distinct
    nullif(jobname, '') as pipeline_name,
    stepkey as name,
    case
        when stepkey glob '?*[[]*]' then substr(stepkey, 1, instr(stepkey, '[') - 1)
        else stepkey
    end as family
from named_steps;

-- answers: step_runs
select
    key(named_steps.runid, named_steps.stepkey) || '/' || named_steps.attempt as source_key,
    named_steps.runid as run_key,
    nullif(named_steps.jobname, '') as pipeline_name,
    named_steps.stepkey as step_name,
    named_steps.attempt,
    words.status,
    named_steps.status as source_status,
    case when words.status is not 'skipped' then named_steps.starttime end as started_at,
    case when words.status in ('completed', 'failed') then named_steps.endtime end as ended_at,
    coalesce(named_steps.endtime, named_steps.starttime) as last_activity_at,
    case
        when words.status in ('completed', 'failed') and named_steps.starttime <= named_steps.endtime
            then cast(round((julianday(named_steps.endtime) - julianday(named_steps.starttime)) * 86400000) as integer)
    end as duration_ms
from named_steps
left join src_statuses as words on words.word = lower(trim(named_steps.status))
where
    named_steps.place = 1
    and named_steps.runid not in (
        select runs.source_key
        from main.step_runs
        join main.runs on runs.id = step_runs.run_id
        where
            step_runs.source_id = :source_id
            and step_runs.input_id <> :input_id
    );
