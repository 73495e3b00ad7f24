/*
title: Stuck runs
description: >-
  Running work of any kind that has been silent for longer than the limit. A sign of life is an update, an event, a call
  or a file. Queued work is not stuck. Runs without a start time are listed too; the reason column says so.
topic: Right now
params:
  source: {type: source, help: one source only}
  minutes: {type: number, default: 60, help: minutes of silence}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
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
        running_work.*,
        nullif(last_sign, '') as last_activity_at,
        (strftime('%s', moment.as_of) - strftime('%s', nullif(last_sign, ''))) / 60 as stuck_minutes
    from running_work
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
        when evaluated.last_activity_at is null then 'no start and no sign of life recorded'
        when evaluated.started_at is null then 'no start recorded, silent for longer than the limit'
        when evaluated.last_activity_at > evaluated.started_at then 'silent since its last sign of life'
        else 'no sign of life since it started'
    end as reason
from evaluated
join sources on sources.id = evaluated.source_id
left join stories on stories.id = evaluated.story_id
where
    (:source = '' or sources.name = :source)
    and (evaluated.stuck_minutes is null or evaluated.stuck_minutes >= cast(:minutes as integer))
order by evaluated.stuck_minutes is null desc, evaluated.stuck_minutes desc, source, run, step
