/*
title: Stuck runs
description: >-
  Work of any kind that has been silent for longer than its limit, longest first. A sign of life is an update, an
  event, a call, a heartbeat or a file. Running work is stuck after `minutes`; queued and waiting work (deferred,
  rescheduled, up for retry, and a run of which all open steps wait) after `queued_minutes`; the last column names the
  limit. Running work without a start time is listed too; the reason column says so.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  minutes: {type: minutes, default: 60, help: minutes of silence of running work}
  queued_minutes: {type: minutes, default: 1440, help: minutes of silence of queued or waiting work}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
headline:
  - '{rows:piece of silent work|pieces of silent work}, longest {run[0]} for {stuck_minutes[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: run, type: nominal, sort: -x}
    x: {field: stuck_minutes, type: quantitative, scale: {type: symlog, constant: 60}, title: silent for}
    color: {field: source, type: nominal}
*/
with moment (as_of) as (
    select strftime('%Y-%m-%dT%H:%M:%fZ', :as_of)
),

evaluated as (
    select
        open_work.*,
        nullif(last_sign, '') as last_activity_at,
        (strftime('%s', moment.as_of) - strftime('%s', nullif(last_sign, ''))) / 60 as stuck_minutes
    from open_work
    cross join moment
)

select
    sources.name as source,
    evaluated.kind,
    evaluated.run,
    coalesce(stories.source_key, evaluated.story_key) as story,
    evaluated.step,
    evaluated.started_at,
    evaluated.last_activity_at,
    evaluated.stuck_minutes,
    case
        when evaluated.is_waiting and evaluated.started_at is null then 'queued for longer than the limit'
        when evaluated.is_waiting then 'waiting for longer than the limit'
        when evaluated.last_activity_at is null then 'no start and no sign of life recorded'
        when evaluated.started_at is null then 'no start recorded, silent for longer than the limit'
        when evaluated.last_activity_at > evaluated.started_at then 'silent since its last sign of life'
        else 'no sign of life since it started'
    end as reason,
    case when evaluated.is_waiting then 'queued_minutes' else 'minutes' end as broken_limit,
    pipelines.name as pipeline
from evaluated
join sources on sources.id = evaluated.source_id
left join pipelines on pipelines.id = evaluated.pipeline_id
left join stories on stories.id = evaluated.story_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and case
        when evaluated.is_waiting then evaluated.stuck_minutes >= cast(:queued_minutes as integer)
        else coalesce(evaluated.stuck_minutes >= cast(:minutes as integer), 1)
    end
order by
    evaluated.stuck_minutes is null desc,
    evaluated.stuck_minutes desc,
    source,
    run,
    step,
    last_activity_at
