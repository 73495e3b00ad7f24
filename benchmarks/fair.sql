-- The fair floor of a load: the rows that storyreport writes for a tracker, by plain SQL. Attempts are numbered, each
-- has its acceptance result, runs are what their step runs are; nothing is checked, and nothing is added up.
insert into sources (id, name, system, created_at)
values (1, 'fair', 'pipeline', '2026-01-01T00:00:00.000Z');

insert into inputs (id, source_id, part, location, signature)
values (1, 1, 'database', '', '');

insert into stories (source_id, source_key, input_id, title, origin, created_at, updated_at)
select
    1,
    story_id,
    1,
    title,
    source,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at),
    strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)
from source.stories;

insert into runs (source_id, source_key, input_id, kind, is_derived)
select
    1,
    run_id,
    1,
    'pipeline_run',
    1
from source.step_history
where run_id is not null
union
select
    1,
    run_id,
    1,
    'pipeline_run',
    1
from source.step_status
where run_id is not null;

insert into steps (source_id, name, family, position)
select distinct
    1,
    step_name,
    step_name,
    cast(step_name as integer)
from source.step_history;

insert into step_runs (
    source_id, source_key, input_id, source_rows, step_id, story_id, story_key, run_id, attempt, status, source_status,
    acceptance_passed, error_message, started_at, ended_at, last_activity_at, duration_ms
)
with attempts as (
    select
        *,
        row_number() over in_order as attempt,
        lead(id) over in_order is null as is_last
    from source.step_history
    window in_order as (partition by story_id, step_name order by id)
)

select
    1,
    attempts.story_id || '/' || attempts.step_name || '/' || attempts.attempt,
    1,
    1 + (results.story_id is not null),
    steps.id,
    stories.id,
    case when stories.id is null then attempts.story_id end,
    runs.id,
    attempts.attempt,
    coalesce(results.status, attempts.status),
    coalesce(results.status, attempts.status),
    case
        when results.acceptance_passed = 1 then 1
        when results.acceptance_details is not null then 0
    end,
    coalesce(attempts.error_message, results.error_message),
    strftime('%Y-%m-%dT%H:%M:%fZ', attempts.timestamp, -(attempts.execution_time_ms / 1000.0) || ' seconds'),
    strftime('%Y-%m-%dT%H:%M:%fZ', attempts.timestamp),
    strftime('%Y-%m-%dT%H:%M:%fZ', attempts.timestamp),
    attempts.execution_time_ms
from attempts
join steps on steps.source_id = 1 and steps.name = attempts.step_name
left join stories on stories.source_id = 1 and stories.source_key = attempts.story_id
left join runs on runs.source_id = 1 and runs.source_key = attempts.run_id
left join source.step_status as results
    on
        attempts.is_last
        and results.story_id = attempts.story_id
        and results.step_name = attempts.step_name
        and results.status not in ('pending', 'running');

insert into step_runs (
    source_id, source_key, input_id, step_id, story_id, story_key, run_id, attempt, status, source_status, started_at,
    last_activity_at
)
select
    1,
    states.story_id || '/' || states.step_name || '/open',
    1,
    steps.id,
    stories.id,
    case when stories.id is null then states.story_id end,
    runs.id,
    1,
    states.status,
    states.status,
    strftime('%Y-%m-%dT%H:%M:%fZ', states.started_at),
    strftime('%Y-%m-%dT%H:%M:%fZ', states.created_at)
from source.step_status as states
join steps on steps.source_id = 1 and steps.name = states.step_name
left join stories on stories.source_id = 1 and stories.source_key = states.story_id
left join runs on runs.source_id = 1 and runs.source_key = states.run_id
where states.status in ('pending', 'running');

update runs
set
    status = derived.status,
    story_id = derived.story_id,
    started_at = derived.started_at,
    ended_at = derived.ended_at,
    last_activity_at = derived.last_activity_at,
    duration_ms = derived.duration_ms
from (
    select
        run_id,
        case
            when sum(status = 'running') > 0 then 'running'
            when sum(status = 'queued') > 0 then 'queued'
            when sum(status = 'failed') > sum(status = 'completed') then 'failed'
            else 'completed'
        end as status,
        max(story_id) as story_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        max(last_activity_at) as last_activity_at,
        sum(duration_ms) as duration_ms
    from step_runs
    where run_id is not null
    group by run_id
) as derived
where runs.id = derived.run_id;
