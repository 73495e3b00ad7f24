/*
title: Recent statuses
description: >-
  Work of the last hours by kind and status, with the time of the newest, most first. Counts runs that began (were
  queued, or else started) within these hours, and steps outside of any run. An empty status is one that is not known.
  Of a lake, a count is unknown where not all work of these hours landed.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  hours: {type: hours, default: 24, help: hours back}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
chart:
  mark: bar
  encoding:
    y: {field: kind, type: nominal}
    x: {field: count, type: quantitative, stack: zero, title: work}
    color: {field: status, type: nominal}
*/
-- A day is that of the end, which comes after the beginning; clocks may be a day apart. A step that waits in a queue
-- has none, and is found as open work.
with moment (since, as_of) as (
    select
        strftime('%Y-%m-%dT%H:%M:%fZ', julianday(:as_of) - cast(:hours as real) / 24),
        strftime('%Y-%m-%dT%H:%M:%fZ', :as_of)
),

begun_steps (id) as (
    select step_runs.id
    from moment
    cross join sources on :source in ('', sources.name)
    cross join steps on steps.source_id = sources.id
    cross join step_runs
        on
            step_runs.step_id = steps.id
            and step_runs.day >= date(moment.since, '-1 day')
    union all
    select step_runs.id
    from sources
    cross join step_runs
        on
            step_runs.source_id = sources.id
            and step_runs.status in ('queued', 'running', 'waiting')
            and step_runs.day = ''
    where :source in ('', sources.name)
),

begun as (
    select
        runs.source_id,
        runs.kind,
        runs.status,
        runs.pipeline_id,
        coalesce(runs.queued_at, runs.started_at, runs.ended_at) as began_at,
        0 as is_step
    from moment
    cross join sources on :source in ('', sources.name)
    cross join runs
        on
            runs.source_id = sources.id
            and runs.day >= date(moment.since, '-1 day')
    where runs.gone_at is null
    union all
    select
        step_runs.source_id,
        step_runs.kind,
        step_runs.status,
        steps.pipeline_id,
        coalesce(step_runs.queued_at, step_runs.started_at, step_runs.ended_at),
        1
    from begun_steps
    cross join step_runs on step_runs.id = begun_steps.id
    join steps on steps.id = step_runs.step_id
    where
        step_runs.run_id is null
        and step_runs.gone_at is null
)

select
    sources.name as source,
    begun.kind,
    begun.status,
    case
        when lakes.source_id is null then count(*)
        when case when begun.is_step then lakes.steps_since else lakes.runs_since end <= moment.since then count(*)
    end as count,
    max(begun.began_at) as newest_at,
    pipelines.name as pipeline
from begun
join sources on sources.id = begun.source_id
left join pipelines on pipelines.id = begun.pipeline_id
left join lakes on lakes.source_id = begun.source_id
cross join moment
where
    begun.began_at > moment.since
    and (:pipeline = '' or pipelines.name = :pipeline)
    and begun.began_at <= moment.as_of
group by begun.source_id, begun.pipeline_id, begun.kind, begun.is_step, begun.status
order by count desc, source, begun.kind, begun.status, pipeline
