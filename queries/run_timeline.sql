/*
title: Timeline of a run
description: >-
  Step attempts of a run in the order of their start. The offset is the time since the run's start. The stories of a
  batch are included. Usual and p95 (within 1 %) are those of timed executions of the same source, pipeline and step on
  the 28 days before the run's day; they are empty for fewer than 20. Enter the run's key as its source writes it.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  run: {type: text, help: the run's key (required)}
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: x}
    x: {field: started_at, type: temporal, title: time (UTC)}
    x2: {field: ended_at}
    color: {field: status, type: nominal}
*/
with selected as (
    select
        runs.id,
        runs.source_id,
        runs.started_at,
        runs.queued_at,
        runs.gone_at
    from sources
    cross join runs
        on
            runs.source_id = sources.id
            and runs.source_key = :run
    where :source in ('', sources.name)
),

-- Deleted step runs are left out, unless the run itself was deleted. A run that is missing or was deleted in the source
-- may still have step runs that name it by key. + keeps the planner to the index of these keys.
attempts as (
    select
        step_runs.*,
        selected.id as selected_id,
        coalesce(selected.started_at, selected.queued_at) as run_started_at
    from selected
    cross join runs
        on
            runs.id = selected.id
            or runs.parent_id = selected.id
    cross join step_runs on step_runs.run_id = runs.id
    where
        step_runs.gone_at is null
        or selected.gone_at is not null
    union all
    select
        step_runs.*,
        selected.id,
        coalesce(selected.started_at, selected.queued_at)
    from step_runs
    left join selected on selected.source_id = step_runs.source_id
    where
        step_runs.run_key = :run
        and +step_runs.source_id in (select id from sources where :source in ('', name))
        and (
            step_runs.gone_at is null
            or selected.gone_at is not null
        )
),

placed as (
    select
        *,
        coalesce(run_started_at, min(started_at) over (partition by source_id)) as begun_at
    from attempts
),

usual as materialized (
    select
        families.selected_id,
        families.family,
        families.pipeline_id,
        durations.usual_ms,
        durations.p95_ms
    from (
        select
            attempts.selected_id,
            steps.family,
            coalesce(steps.pipeline_id, 0) as pipeline_id,
            min(steps.id) as step_id
        from attempts
        join steps on steps.id = attempts.step_id
        group by attempts.selected_id, steps.family, coalesce(steps.pipeline_id, 0)
    ) as families
    cross join usual_step_durations as durations
        on
            durations.run_id = families.selected_id
            and durations.step_id = families.step_id
)

select
    steps.name as step,
    placed.attempt,
    placed.status,
    placed.started_at,
    placed.ended_at,
    placed.duration_ms,
    cast(round((julianday(placed.started_at) - julianday(placed.begun_at)) * 86400000) as integer) as offset_ms,
    coalesce(stories.source_key, placed.story_key) as story,
    sources.name as source,
    placed.error_message as error,
    usual.usual_ms,
    usual.p95_ms
from placed
join sources on sources.id = placed.source_id
join steps on steps.id = placed.step_id
left join usual
    on
        usual.selected_id = placed.selected_id
        and usual.family = steps.family
        and usual.pipeline_id = coalesce(steps.pipeline_id, 0)
left join stories on stories.id = placed.story_id
order by coalesce(placed.started_at, placed.queued_at, placed.ended_at), placed.id
