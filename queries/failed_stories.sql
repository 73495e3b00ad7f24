/*
title: Failed stories
description: >-
  Stories that are failed now, by step, with the error, latest first. Lists steps whose latest attempt failed, and
  stories whose last run failed although no step is marked failed. Steps that a later attempt or run has completed, and
  those that the source marks as completed, cancelled or skipped, are not listed. A job that failed before it had a
  story is named by its run.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  step: {type: step, help: one step only}
headline:
  - '{rows:failed step}, the latest at {failed_at[0]}: {step[0]} of {story[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: failed stories}
    color: {field: source, type: nominal}
*/
-- If neither step nor run has an error, the last failed call of the run may have one.
select
    sources.name as source,
    case when runs.kind = 'job' and runs.source_key = failed.story then null else failed.story end as story,
    stories.title,
    coalesce(
        steps.name,
        runs.current_step,
        runs.failure_stage,
        (
            select failing.name
            from step_runs as attempts
            join steps as failing on failing.id = attempts.step_id
            where
                attempts.run_id = runs.id
                and attempts.status = 'failed'
                and attempts.gone_at is null
            order by attempts.ended_at desc, attempts.id desc
            limit 1
        )
    ) as step,
    coalesce(runs.source_key, step_runs.run_key) as run,
    failed.failed_at,
    coalesce(
        step_runs.error_message,
        case when runs.status = 'failed' then runs.error_message end,
        (
            select calls.error_message
            from calls
            where
                calls.run_id = runs.id
                and calls.status = 'failed'
            order by calls.called_at desc, calls.id desc
            limit 1
        )
    ) as error,
    pipelines.name as pipeline
from rollup_failed_steps as failed
join sources on sources.id = failed.source_id
left join step_runs on step_runs.id = failed.failure
left join steps on steps.id = step_runs.step_id
left join runs on runs.id = coalesce(step_runs.run_id, -failed.failure)
left join pipelines on pipelines.id = coalesce(runs.pipeline_id, steps.pipeline_id)
left join stories
    on
        stories.source_id = failed.source_id
        and stories.source_key = failed.story
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and (:step = '' or :step in (steps.name, steps.family, runs.current_step, runs.failure_stage))
order by failed.failed_at desc, source, failed.story, step, run
