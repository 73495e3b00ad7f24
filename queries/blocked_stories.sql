/*
title: Blocked stories
description: >-
  Stories that failed several times in a row, or that their source marks as blocked, most failures first. The latest
  attempts count, whatever their step. Step and error are those of the last failure.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  failures: {type: number, default: 3, least: 1, help: failures in a row}
headline:
  - '{rows:blocked story|blocked stories}, most in a row: {story[0]} with {consecutive_failures[0]:failure}.'
chart:
  mark: bar
  encoding:
    y: {field: story, type: nominal, sort: -x}
    x: {field: consecutive_failures, type: quantitative, title: failures in a row}
    color: {field: source, type: nominal}
*/
with blocked as (
    select *
    from rollup_failing_stories
    where consecutive_failures >= cast(:failures as integer)
    union all
    select *
    from rollup_failing_stories indexed by rollup_failing_stories_blocked
    where
        is_blocked
        and consecutive_failures < cast(:failures as integer)
)

select
    sources.name as source,
    blocked.story,
    blocked.consecutive_failures,
    coalesce(steps.name, runs.current_step, runs.failure_stage) as step,
    blocked.last_failed_at,
    coalesce(step_runs.error_message, runs.error_message) as error,
    pipelines.name as pipeline
from blocked
join sources on sources.id = blocked.source_id
left join step_runs on step_runs.id = blocked.step_run_id
left join steps on steps.id = step_runs.step_id
left join runs on runs.id = blocked.run_id
left join pipelines on pipelines.id = coalesce(runs.pipeline_id, steps.pipeline_id)
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
order by blocked.consecutive_failures desc, blocked.last_failed_at desc, source, blocked.story
