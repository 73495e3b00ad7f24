/*
kind: memory
description: The step that failed last in a failed run whose detail was pruned, and its error.
grain: run
key:
  run_id: references runs
values:
  source_id: references sources
  step: text null
  error: text null
meanings:
  step: name of the step that failed last
  error: its error, or that of the run's last failed call
*/
with failed as (
    select
        runs.id,
        runs.source_id,
        (
            select step_runs.id
            from step_runs
            where
                step_runs.run_id = runs.id
                and step_runs.status = 'failed'
                and step_runs.gone_at is null
            order by step_runs.ended_at desc, step_runs.source_key desc
            limit 1
        ) as failure
    from runs
    where
        runs.id in (select id from pruned_runs)
        and runs.pruned_at is null
        and runs.status = 'failed'
)

select
    failed.id as run_id,
    failed.source_id,
    steps.name as step,
    coalesce(
        step_runs.error_message,
        (
            select calls.error_message
            from calls
            where
                calls.run_id = failed.id
                and calls.status = 'failed'
            order by calls.called_at desc, calls.source_key desc
            limit 1
        )
    ) as error
from failed
left join step_runs on step_runs.id = failed.failure
left join steps on steps.id = step_runs.step_id
