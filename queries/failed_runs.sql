/*
title: Failed runs
description: >-
  Runs and steps that failed, about a story or not, with the error, latest first. Lists failed runs with the step that
  failed last, failed steps outside of any run, and failed steps of open runs that were not tried again. A run counts on
  the day it ended. recovered_at: a later run that did the work again completed (a retry of n8n or dbt, a
  re-execution of Dagster, a new record of a Luigi task); `health` does not count these.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  step: {type: step, help: one step only}
headline:
  - '{rows:failure}, the latest in {run[0]} at {failed_at[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: failed runs}
    color: {field: source, type: nominal}
*/
-- If neither step nor run has an error, the last failed call of the run may have one. What was pruned is remembered.
with failed as (
    select
        failed_work.*,
        coalesce(
            failed_work.step_run_id,
            (
                select attempts.id
                from step_runs as attempts
                where
                    attempts.run_id = failed_work.run_id
                    and attempts.status = 'failed'
                    and attempts.gone_at is null
                order by attempts.ended_at desc, attempts.source_key desc
                limit 1
            )
        ) as failure
    from failed_work
    where
        failed_work.source_id in (select id from sources where :source in ('', name))
        and failed_work.day >= :since
        and failed_work.day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or failed_work.day <> '')
)

select
    sources.name as source,
    failed.kind,
    failed.run,
    coalesce(stories.source_key, failed.story_key) as story,
    coalesce(steps.name, remembered.step, runs.failure_stage, runs.current_step) as step,
    failed.failed_at,
    coalesce(
        case when failed.step_run_id is null then runs.error_message end,
        step_runs.error_message,
        remembered.error,
        (
            select calls.error_message
            from calls
            where
                calls.run_id = failed.run_id
                and calls.status = 'failed'
            order by calls.called_at desc, calls.source_key desc
            limit 1
        )
    ) as error,
    pipelines.name as pipeline,
    failed.recovered_at
from failed
join sources on sources.id = failed.source_id
left join runs on runs.id = failed.run_id
left join step_runs on step_runs.id = failed.failure
left join steps on steps.id = step_runs.step_id
left join pipelines on pipelines.id = coalesce(runs.pipeline_id, steps.pipeline_id)
left join stories on stories.id = failed.story_id
left join pruned_failures as remembered on remembered.run_id = failed.run_id
where
    (:step = '' or :step in (steps.name, steps.family, remembered.step, runs.failure_stage, runs.current_step))
    and (:pipeline = '' or pipelines.name = :pipeline)
order by failed.failed_at desc, source, failed.run, step, failed.failure
