-- The least that brings a tracker's rows into the core tables: each row as it is, only its times in our form.
insert into sources (id, name, system, created_at)
values (1, 'bare', 'pipeline', '2026-01-01T00:00:00.000Z');

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

insert into runs
(source_id, source_key, input_id, kind, is_derived, story_id, status, started_at, ended_at, last_activity_at)
select
    1,
    history.run_id,
    1,
    'pipeline_run',
    1,
    stories.id,
    'completed',
    strftime('%Y-%m-%dT%H:%M:%fZ', min(history.timestamp)),
    strftime('%Y-%m-%dT%H:%M:%fZ', max(history.timestamp)),
    strftime('%Y-%m-%dT%H:%M:%fZ', max(history.timestamp))
from source.step_history as history
left join stories on stories.source_id = 1 and stories.source_key = history.story_id
group by history.run_id;

insert into steps (source_id, name, family, position)
select distinct
    1,
    step_name,
    step_name,
    cast(step_name as integer)
from source.step_history;

insert into step_runs (
    source_id, source_key, input_id, step_id, story_id, story_key, run_id, status, source_status, error_message,
    started_at, ended_at, last_activity_at, duration_ms
)
select
    1,
    history.story_id || '/' || history.step_name || '/' || history.id,
    1,
    steps.id,
    stories.id,
    case when stories.id is null then history.story_id end,
    runs.id,
    history.status,
    history.status,
    history.error_message,
    strftime('%Y-%m-%dT%H:%M:%fZ', history.timestamp, -(history.execution_time_ms / 1000.0) || ' seconds'),
    strftime('%Y-%m-%dT%H:%M:%fZ', history.timestamp),
    strftime('%Y-%m-%dT%H:%M:%fZ', history.timestamp),
    history.execution_time_ms
from source.step_history as history
join steps on steps.source_id = 1 and steps.name = history.step_name
left join stories on stories.source_id = 1 and stories.source_key = history.story_id
left join runs on runs.source_id = 1 and runs.source_key = history.run_id;

insert into step_runs
(source_id, source_key, input_id, step_id, story_id, status, source_status, started_at, last_activity_at)
select
    1,
    states.story_id || '/' || states.step_name || '/running',
    1,
    steps.id,
    stories.id,
    states.status,
    states.status,
    strftime('%Y-%m-%dT%H:%M:%fZ', states.started_at),
    strftime('%Y-%m-%dT%H:%M:%fZ', states.created_at)
from source.step_status as states
join steps on steps.source_id = 1 and steps.name = states.step_name
join stories on stories.source_id = 1 and stories.source_key = states.story_id
where states.status = 'running';
