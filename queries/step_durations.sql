/*
title: Step durations
description: >-
  Duration of each step by day, latest day first. Percentiles are within 1 %. Executions are those that completed or
  failed; durations are those of executions that ran to their end (completed, or rejected by their acceptance check), if
  known.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  step: {type: step, help: one step only}
chart:
  mark: line
  encoding:
    x: {field: day, type: temporal}
    y: {field: p95_ms, type: quantitative, title: p95}
    color: {field: source, type: nominal}
    detail: {field: pipeline, type: nominal}
    row: {field: step, type: nominal, most: 6}
*/
select
    nullif(days.day, '') as day,
    sources.name as source,
    days.family as step,
    days.executions,
    cast(round(1.0 * days.total_ms / nullif(days.timed, 0)) as integer) as avg_ms,
    days.p50_ms,
    days.p95_ms,
    pipelines.name as pipeline
from rollup_step_days as days
cross join sources on sources.id = days.source_id
left join pipelines on pipelines.id = days.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and days.day >= :since
    and days.day <= coalesce(nullif(:until, ''), '9999-12-31')
    and (:until = '' or days.day <> '')
    and (:step = '' or days.family = :step)
    and days.executions > 0
order by days.day desc, source, step, pipeline
