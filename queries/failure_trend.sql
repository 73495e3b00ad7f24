/*
title: Failure trend
description: >-
  Share of executions that failed, by day and step, latest day first. Executions are those that completed or failed.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  step: {type: step, help: one step only}
chart:
  mark: bar
  encoding:
    x: {field: day, type: temporal}
    y: {field: failed, type: quantitative, aggregate: sum, title: failed executions}
    color: {field: step, type: nominal}
*/
select
    nullif(days.day, '') as day,
    sources.name as source,
    days.family as step,
    days.executions,
    days.failed,
    round(100.0 * days.failed / days.executions, 2) as failure_pct,
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
