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

-- A derived run has no state but that of its step runs, which are judged one by one.
running as (
    select
        runs.source_id,
        runs.kind,
        runs.source_key as run,
        runs.story_id,
        runs.story_key,
        runs.current_step as step,
        runs.started_at,
        max(
            coalesce(runs.last_activity_at, ''),
            coalesce(runs.started_at, ''),
            coalesce((select max(at) from events where events.run_id = runs.id), ''),
            coalesce((select max(called_at) from calls where calls.run_id = runs.id), ''),
            coalesce((select max(created_at) from artifacts where artifacts.run_id = runs.id), ''),
            coalesce(
                (
                    select max(coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at))
                    from step_runs
                    where step_runs.run_id = runs.id
                ),
                ''
            )
        ) as last_sign
    from runs
    where
        runs.status in ('queued', 'running', 'waiting')
        and runs.status = 'running'
        and not runs.is_derived
        and runs.gone_at is null
    union all
    select
        step_runs.source_id,
        step_runs.kind,
        coalesce(runs.source_key, step_runs.run_key) as run,
        step_runs.story_id,
        step_runs.story_key,
        steps.name as step,
        step_runs.started_at,
        max(coalesce(step_runs.last_activity_at, ''), coalesce(step_runs.started_at, '')) as last_sign
    from step_runs
    join steps on steps.id = step_runs.step_id
    left join runs on runs.id = step_runs.run_id
    where
        step_runs.status in ('queued', 'running', 'waiting')
        and step_runs.status = 'running'
        and step_runs.gone_at is null
),

judged as (
    select
        running.*,
        nullif(last_sign, '') as last_activity_at,
        (strftime('%s', moment.as_of) - strftime('%s', nullif(last_sign, ''))) / 60 as stuck_minutes
    from running
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
