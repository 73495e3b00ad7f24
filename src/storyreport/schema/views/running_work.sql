-- Work whose status is running, and its last sign of life ('' for none): an update, an event, a call, a file. A derived
-- run has no state but that of its step runs, which are listed one by one.
select
    runs.source_id,
    runs.kind,
    runs.source_key as run,
    runs.story_id,
    runs.story_key,
    runs.current_step as step,
    runs.started_at,
    max(
        coalesce(runs.last_activity_at, ''),
        coalesce(runs.started_at, ''),
        coalesce((select max(at) from events where events.run_id = runs.id), ''),
        coalesce((select max(called_at) from calls where calls.run_id = runs.id), ''),
        coalesce((select max(created_at) from artifacts where artifacts.run_id = runs.id), ''),
        coalesce(
            (
                select max(coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at))
                from step_runs
                where step_runs.run_id = runs.id
            ),
            ''
        )
    ) as last_sign
from runs
where
    runs.status in ('queued', 'running', 'waiting')
    and runs.status = 'running'
    and not runs.is_derived
    and runs.gone_at is null
union all
select
    step_runs.source_id,
    step_runs.kind,
    coalesce(runs.source_key, step_runs.run_key) as run,
    step_runs.story_id,
    step_runs.story_key,
    steps.name as step,
    step_runs.started_at,
    max(coalesce(step_runs.last_activity_at, ''), coalesce(step_runs.started_at, '')) as last_sign
from step_runs
join steps on steps.id = step_runs.step_id
left join runs on runs.id = step_runs.run_id
where
    step_runs.status in ('queued', 'running', 'waiting')
    and step_runs.status = 'running'
    and step_runs.gone_at is null
