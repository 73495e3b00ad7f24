/*
title: Failure trend
description: >-
  Share of executions that failed, by day and step, latest day first. A week or month is named by its
  first day (UTC); weeks begin on Monday. Executions are those that completed or failed. The chart has a strip for each
  step: the colour of a cell is the share that failed, its height the number of executions.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  step: {type: step, help: one step only}
  by: {type: choice, choices: [day, week, month], default: day, help: length of a period}
headline:
  - '{failed.sum:execution} of {executions.sum} failed.'
chart:
  mark: rect
  encoding:
    x: {field: day, type: temporal}
    y: {field: step, type: nominal}
    color: {field: failure_pct, type: quantitative, ratio: [failed, executions], title: failed executions}
*/
select
    days.period as day,
    sources.name as source,
    days.family as step,
    sum(days.executions) as executions,
    sum(days.failed) as failed,
    round(100.0 * sum(days.failed) / sum(days.executions), 2) as failure_pct,
    pipelines.name as pipeline
from (
    select
        *,
        case :by
            when 'week' then date(day, '-6 days', 'weekday 1')
            when 'month' then date(day, 'start of month')
            else nullif(day, '')
        end as period
    from rollup_step_days
) as days
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
group by days.period, days.source_id, days.family, days.pipeline_id
order by day desc, source, step, pipeline
