-- Runs that failed, and when a later run that does their work again completed; steps that failed outside of any run; and,
-- of runs that are still open, steps that failed and were not tried again.
select
    runs.source_id,
    runs.day,
    runs.kind,
    runs.id as run_id,
    null as step_run_id,
    runs.source_key as run,
    runs.story_id,
    runs.story_key,
    coalesce(runs.ended_at, runs.last_activity_at, runs.started_at, runs.queued_at) as failed_at,
    (
        select min(later.ended_at)
        from runs as later
        where
            later.source_id = runs.source_id
            and later.again_of = coalesce(runs.again_of, runs.source_key)
            and later.status = 'completed'
            and later.ended_at >= coalesce(runs.ended_at, runs.started_at, '')
            and later.gone_at is null
    ) as recovered_at
from runs
where
    runs.status = 'failed'
    and runs.gone_at is null
union all
select
    step_runs.source_id,
    step_runs.day,
    step_runs.kind,
    null as run_id,
    step_runs.id as step_run_id,
    step_runs.run_key as run,
    step_runs.story_id,
    step_runs.story_key,
    coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at, step_runs.queued_at) as failed_at,
    null as recovered_at
from step_runs
where
    step_runs.status = 'failed'
    and step_runs.run_id is null
    and step_runs.gone_at is null
union all
select
    step_runs.source_id,
    step_runs.day,
    step_runs.kind,
    runs.id as run_id,
    step_runs.id as step_run_id,
    runs.source_key as run,
    step_runs.story_id,
    step_runs.story_key,
    coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at, step_runs.queued_at) as failed_at,
    null as recovered_at
from runs
cross join step_runs on step_runs.run_id = runs.id
where
    runs.status in ('queued', 'running', 'waiting')
    and runs.gone_at is null
    and step_runs.status = 'failed'
    and step_runs.gone_at is null
    and not exists (
        select 1
        from step_runs as later
        where
            later.run_id = runs.id
            and later.step_id = step_runs.step_id
            and later.story_id is step_runs.story_id
            and later.story_key is step_runs.story_key
            and later.attempt > step_runs.attempt
            and later.gone_at is null
    )
