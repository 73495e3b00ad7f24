/*
title: Stuck runs
description: >-
  What hangs: work of any kind that says it is running and has given no sign of life (an update, an event, a call, a
  file) for longer than the limit. Queued work is not stuck. A missing start is a reason, not an omission.
topic: Right now
params:
  source: {type: source, help: one source only}
  minutes: {type: number, default: 60, help: minutes without a sign of life}
  as_of: {type: time, default: now, help: judged at this time (UTC)}
chart:
  mark: bar
  encoding:
    y: {field: run, type: nominal, sort: -x}
    x: {field: stuck_minutes, type: quantitative, scale: {type: symlog, constant: 60}, title: without a sign of life}
    color: {field: source, type: nominal}
*/
with moment (as_of) as (
    select strftime('%Y-%m-%dT%H:%M:%fZ', :as_of)
),

judged as (
    select
        running_work.*,
        nullif(last_sign, '') as last_activity_at,
        (strftime('%s', moment.as_of) - strftime('%s', nullif(last_sign, ''))) / 60 as stuck_minutes
    from running_work
    cross join moment
)

select
    sources.name as source,
    judged.kind,
    judged.run,
    coalesce(stories.source_key, judged.story_key) as story,
    judged.step,
    judged.started_at,
    judged.last_activity_at,
    judged.stuck_minutes,
    case
        when judged.last_activity_at is null then 'no start and no sign of life recorded'
        when judged.started_at is null then 'no start recorded, silent for longer than the limit'
        when judged.last_activity_at > judged.started_at then 'silent since its last sign of life'
        else 'no sign of life since it started'
    end as reason
from judged
join sources on sources.id = judged.source_id
left join stories on stories.id = judged.story_id
where
    (:source = '' or sources.name = :source)
    and (judged.stuck_minutes is null or judged.stuck_minutes >= cast(:minutes as integer))
order by judged.stuck_minutes is null desc, judged.stuck_minutes desc, source, run, step
