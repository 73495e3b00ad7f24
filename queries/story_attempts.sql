/*
title: Attempts at a story
description: >-
  Every execution of a story's steps, in their order in time, with the error. Enter the story's key as its source writes
  it.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key (required)}
headline: '{rows:attempt}: {status.counts}.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: x}
    x: {field: started_at, type: temporal}
    x2: {field: ended_at}
    color: {field: status, type: nominal}
*/
-- A story that is missing in the source, or was deleted, may still have steps.
with selected as (
    select
        id,
        gone_at
    from stories
    where
        source_id in (select id from sources where :source in ('', name))
        and source_key = :story
),

attempts as (
    select step_runs.*
    from selected
    join step_runs on step_runs.story_id = selected.id
    where
        step_runs.gone_at is null
        or selected.gone_at is not null
    union all
    select step_runs.*
    from steps_of_story_keys as named
    join step_runs on step_runs.id = named.step_run_id
    where
        named.story_key = :story
        and named.source_id in (select id from sources where :source in ('', name))
)

select
    sources.name as source,
    steps.name as step,
    attempts.attempt,
    coalesce(runs.source_key, attempts.run_key) as run,
    attempts.status,
    attempts.started_at,
    attempts.ended_at,
    attempts.duration_ms,
    coalesce(
        attempts.error_message,
        case when attempts.status = 'failed' and runs.status = 'failed' then runs.error_message end
    ) as error,
    pipelines.name as pipeline
from attempts
join sources on sources.id = attempts.source_id
join steps on steps.id = attempts.step_id
left join pipelines on pipelines.id = steps.pipeline_id
left join runs on runs.id = attempts.run_id
order by
    source, coalesce(attempts.started_at, attempts.queued_at, attempts.ended_at), steps.position, step,
    attempts.attempt, attempts.id
