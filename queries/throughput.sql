/*
title: Throughput
description: >-
  Stories and runs by day, week or month, latest first. A week or month is named by its first day (UTC); weeks begin on
  Monday. A story is completed when its source says so. If its source does not say:
  with its last step if the steps are numbered, otherwise with its first completed run.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  by: {type: choice, choices: [day, week, month], default: day, help: length of a period}
  compare: {type: choice, choices: [previous], help: draw the period before as ticks}
headline:
  - '{stories_completed.sum:story|stories} completed, {runs_completed.sum:run} completed and {runs_failed.sum} failed.'
chart:
  mark: bar
  encoding:
    x: {field: day, type: temporal}
    y: {field: stories_completed, type: quantitative, stack: zero, title: stories completed}
    color: {field: source, type: nominal}
*/
with done as (
    select
        day,
        source_id,
        pipeline_id,
        stories_started,
        0 as stories_completed,
        runs_completed,
        runs_failed
    from rollup_source_days
    union all
    select
        day,
        source_id,
        pipeline_id,
        0,
        stories_completed,
        0,
        0
    from completed_story_days
)

select
    done.period as day,
    sources.name as source,
    sum(done.stories_started) as stories_started,
    sum(done.stories_completed) as stories_completed,
    sum(done.runs_completed) as runs_completed,
    sum(done.runs_failed) as runs_failed,
    pipelines.name as pipeline
from (
    select
        *,
        case :by
            when 'week' then date(day, '-6 days', 'weekday 1')
            when 'month' then date(day, 'start of month')
            else nullif(day, '')
        end as period
    from done
) as done
join sources on sources.id = done.source_id
left join pipelines on pipelines.id = done.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and done.day >= :since
    and done.day <= coalesce(nullif(:until, ''), '9999-12-31')
    and (:until = '' or done.day <> '')
group by done.period, done.source_id, done.pipeline_id
order by day desc, source, pipeline
