/*
description: >-
  Executions and durations by source, step family, pipeline and day. Executions are step runs that ended completed or
  failed, on the day that they ended; durations are those of completed ones and of rejected ones, which failed by
  their acceptance check alone. A piece of work is a step of one story (or run): first_attempts counts them by the
  first attempt that ended, retried those whose first attempt failed and was followed by another, recovered those that
  a later attempt completed and none before, unexplained those of which none before is recorded but cancelled or
  skipped ones.
grain: day, source, step family, pipeline
from: step_run_counts
key:
  day: text
  source_id: references sources
  family: text
  pipeline_id: integer
values:
  executions: integer
  completed: integer
  failed: integer
  timed: integer
  total_ms: integer
  max_ms: integer null, max
  p50_ms: percentile 50
  p95_ms: percentile 95
  checked: integer
  passed: integer
  rejected: integer
  first_attempts: integer
  first_completed: integer
  retried: integer
  recovered: integer
  unexplained: integer
meanings:
  rejected: failed step runs whose acceptance check alone failed
  unexplained: recovered ones without a recorded attempt, neither cancelled nor skipped, before the one that completed
  checked: step runs with an acceptance result
  passed: step runs that were accepted
  first_attempts: first attempts that ended completed or failed
  first_completed: first attempts that completed
  retried: steps of a story whose first attempt failed and was followed by another
  recovered: steps of a story that a later attempt completed
percentiles:
  histogram: step_day_durations
  at_most: max_ms
indexes:
  step: (source_id, family)
total:
  name: steps
  key: [source_id, family, pipeline_id]
oracle: |
  select
      source_id,
      day,
      count(case when status in ('completed', 'failed') then 1 end) as executions,
      count(case when status = 'completed' then 1 end) as completed,
      count(case when status = 'failed' then 1 end) as failed,
      count(
          case when status = 'completed' or status = 'failed' and acceptance_passed = 0 then duration_ms end
      ) as timed,
      sum(
          case when status = 'completed' or status = 'failed' and acceptance_passed = 0 then duration_ms end
      ) as total_ms,
      max(
          case when status = 'completed' or status = 'failed' and acceptance_passed = 0 then duration_ms end
      ) as max_ms,
      count(acceptance_passed) as checked,
      count(case when acceptance_passed = 1 then 1 end) as passed,
      count(case when status = 'failed' and acceptance_passed = 0 then 1 end) as rejected,
      count(case when coalesce(attempt, 0) <= 1 and status in ('completed', 'failed') then 1 end) as first_attempts,
      count(case when coalesce(attempt, 0) <= 1 and status = 'completed' then 1 end) as first_completed
  from step_runs
  group by source_id, day
*/
select
    counts.day,
    steps.source_id,
    steps.family,
    coalesce(steps.pipeline_id, 0) as pipeline_id,
    sum(case when counts.status in ('completed', 'failed') then counts.step_runs else 0 end) as executions,
    sum(case when counts.status = 'completed' then counts.step_runs else 0 end) as completed,
    sum(case when counts.status = 'failed' then counts.step_runs else 0 end) as failed,
    sum(case when counts.bucket is not null then counts.step_runs else 0 end) as timed,
    sum(case when counts.bucket is not null then counts.total_ms else 0 end) as total_ms,
    max(case when counts.bucket is not null then counts.max_ms end) as max_ms,
    sum(case when counts.acceptance_passed is not null then counts.step_runs else 0 end) as checked,
    sum(case when counts.acceptance_passed = 1 then counts.step_runs else 0 end) as passed,
    sum(
        case
            when counts.status = 'failed' and counts.acceptance_passed = 0 then counts.step_runs
            else 0
        end
    ) as rejected,
    sum(
        case
            when counts.is_retry = 0 and counts.status in ('completed', 'failed') then counts.step_runs
            else 0
        end
    ) as first_attempts,
    sum(
        case
            when counts.is_retry = 0 and counts.status = 'completed' then counts.step_runs
            else 0
        end
    ) as first_completed,
    sum(counts.retried) as retried,
    sum(counts.recovered) as recovered,
    sum(counts.unexplained) as unexplained
from step_run_counts as counts
join steps on steps.id = counts.step_id
group by counts.day, steps.source_id, steps.family, coalesce(steps.pipeline_id, 0)
