/*
title: Slowest runs of a step
description: >-
  Slowest executions of a step that ran to their end (completed, or rejected by their acceptance check), from the ten
  days that had the slowest ones. All steps of the family are included.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  step: {type: step, help: step family (required)}
headline: 'Slowest: {run[0]} with {duration_ms[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: run, type: nominal, sort: -x}
    x: {field: duration_ms, type: quantitative, title: duration}
    color: {field: source, type: nominal}
*/
-- The rollup finds the days, so that a long history is not read.
with days as (
    select
        source_id,
        pipeline_id,
        day,
        max_ms
    from rollup_step_days
    where
        family = :step
        and (:source = '' or source_id = (select id from sources where name = :source))
        and (
            :pipeline = ''
            or pipeline_id in (select id from pipelines where name = :pipeline)
        )
        and max_ms is not null
    order by max_ms desc
    limit 10
)

select
    sources.name as source,
    coalesce(runs.source_key, step_runs.run_key) as run,
    coalesce(stories.source_key, step_runs.story_key) as story,
    steps.name as step,
    step_runs.duration_ms,
    step_runs.started_at,
    step_runs.ended_at,
    pipelines.name as pipeline
from days
cross join steps
    on
        steps.source_id = days.source_id
        and steps.family = :step
        and coalesce(steps.pipeline_id, 0) = days.pipeline_id
cross join step_runs
    on
        step_runs.step_id = steps.id
        and step_runs.day = days.day
join sources on sources.id = days.source_id
left join pipelines on pipelines.id = days.pipeline_id
left join runs on runs.id = step_runs.run_id
left join stories on stories.id = step_runs.story_id
where
    step_runs.duration_ms = days.max_ms
    and (
        step_runs.status = 'completed'
        or step_runs.status = 'failed' and step_runs.acceptance_passed = 0
    )
order by step_runs.duration_ms desc, step_runs.started_at
