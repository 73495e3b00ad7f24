/*
title: Active runs
description: >-
  Work that is running, queued or waiting, longest first. Lists open runs, and open steps and background tasks outside
  an open run. For work that has gone silent see stuck_runs.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  as_of: {type: time, default: now, help: running time as of this time (UTC)}
headline:
  - '{rows:piece of open work|pieces of open work}.'
chart:
  mark:
    type: circle
    size: 120
  encoding:
    y: {field: run, type: nominal, sort: -x}
    x: {field: running_minutes, type: quantitative, scale: {type: symlog, constant: 60}, title: open for}
    color: {field: status, type: nominal}
*/
-- Both tables have a partial index of open rows.
with open_steps as (
    select
        step_runs.*,
        steps.name as step,
        steps.pipeline_id
    from step_runs
    join steps on steps.id = step_runs.step_id
    where
        step_runs.status in ('queued', 'running', 'waiting')
        and step_runs.gone_at is null
),

open_runs as (
    select *
    from runs
    where
        status in ('queued', 'running', 'waiting')
        and gone_at is null
),

active as (
    select
        open_runs.source_id,
        open_runs.kind,
        open_runs.source_key,
        open_runs.source_key as run,
        open_runs.story_id,
        open_runs.story_key,
        open_runs.status,
        coalesce(
            open_runs.current_step,
            (
                select steps.name
                from step_runs
                join steps on steps.id = step_runs.step_id
                where
                    step_runs.run_id = open_runs.id
                    and step_runs.status = open_runs.status
                    and step_runs.gone_at is null
                    and step_runs.kind <> 'background_task'
                order by step_runs.started_at desc, steps.position desc, step_runs.source_key desc
                limit 1
            )
        ) as current_step,
        open_runs.started_at,
        open_runs.cycles_completed,
        open_runs.max_cycles,
        open_runs.pipeline_id
    from open_runs
    union all
    select
        open_steps.source_id,
        open_steps.kind,
        open_steps.source_key,
        coalesce(runs.source_key, open_steps.run_key),
        open_steps.story_id,
        open_steps.story_key,
        open_steps.status,
        open_steps.step,
        open_steps.started_at,
        null,
        null,
        open_steps.pipeline_id
    from open_steps
    left join runs on runs.id = open_steps.run_id
    where
        open_steps.kind = 'background_task'
        or runs.id is null
        or coalesce(runs.status, '') not in ('queued', 'running', 'waiting')
        or runs.gone_at is not null
)

select
    sources.name as source,
    active.kind,
    active.run,
    coalesce(stories.source_key, active.story_key) as story,
    active.status,
    active.current_step,
    active.started_at,
    -- Of work that begins in the future no time has passed.
    max(0, (strftime('%s', :as_of) - strftime('%s', active.started_at)) / 60) as running_minutes,
    active.cycles_completed,
    active.max_cycles,
    pipelines.name as pipeline
from active
join sources on sources.id = active.source_id
left join pipelines on pipelines.id = active.pipeline_id
left join stories on stories.id = active.story_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
order by
    active.status <> 'running', active.started_at, source, active.run, active.current_step, active.kind,
    active.source_key
