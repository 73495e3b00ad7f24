-- Work that is running, queued or waiting, and its last sign of life ('' for none): an update, an event, a call, a file;
-- of what has not begun, when it was queued. A running run of which all open steps wait is waiting itself. A derived run
-- has no state but that of its step runs, which are listed one by one. A queued step of an open run is the run's matter,
-- unless it is known since when it is queued.
select
    runs.source_id,
    runs.kind,
    runs.source_key as run,
    runs.story_id,
    runs.story_key,
    runs.current_step as step,
    runs.started_at,
    case
        when runs.status in ('queued', 'waiting') then 1
        else (
            select coalesce(max(step_runs.status = 'waiting') > max(step_runs.status = 'running'), 0)
            from step_runs
            where
                step_runs.run_id = runs.id
                and step_runs.gone_at is null
        )
    end as is_waiting,
    max(
        coalesce(runs.last_activity_at, ''),
        coalesce(runs.started_at, ''),
        coalesce(runs.queued_at, ''),
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
    ) as last_sign,
    runs.pipeline_id
from runs
where
    runs.status in ('queued', 'running', 'waiting')
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
    step_runs.status <> 'running' as is_waiting,
    max(
        coalesce(step_runs.last_activity_at, ''),
        coalesce(step_runs.started_at, ''),
        coalesce(step_runs.queued_at, '')
    ) as last_sign,
    steps.pipeline_id
from step_runs
join steps on steps.id = step_runs.step_id
left join runs on runs.id = step_runs.run_id
where
    step_runs.status in ('queued', 'running', 'waiting')
    and step_runs.gone_at is null
    and (
        step_runs.status <> 'queued'
        or step_runs.queued_at is not null
        or runs.id is null
        or runs.is_derived
        or coalesce(runs.status, '') not in ('queued', 'running', 'waiting')
    )
