/*
description: Runs, how they ended and how long the completed ones took, by source, pipeline, kind and day.
grain: source, pipeline, kind, day
from: day_runs
key:
  source_id: references sources
  pipeline_id: integer
  kind: text
  day: text
values:
  runs: integer
  completed: integer
  failed: integer
  timed: integer
  total_ms: integer
  max_ms: integer null, max
  p50_ms: percentile 50
  p95_ms: percentile 95
meanings:
  kind: kind of run
  runs: runs, open ones included
  completed: runs that completed
  failed: runs that failed
  timed: completed runs with a known duration
percentiles:
  histogram: run_day_durations
  at_most: max_ms
total:
  name: run_kinds
  key: [source_id, pipeline_id, kind]
oracle: |
  select
      source_id,
      day,
      count(*) as runs,
      count(case status when 'completed' then 1 end) as completed,
      count(case status when 'failed' then 1 end) as failed,
      count(case status when 'completed' then duration_ms end) as timed,
      sum(case status when 'completed' then duration_ms end) as total_ms,
      max(case status when 'completed' then duration_ms end) as max_ms
  from runs
  group by source_id, day
*/
select
    source_id,
    coalesce(pipeline_id, 0) as pipeline_id,
    kind,
    day,
    count(*) as runs,
    sum(case when status = 'completed' then 1 else 0 end) as completed,
    sum(case when status = 'failed' then 1 else 0 end) as failed,
    count(case when status = 'completed' then duration_ms end) as timed,
    coalesce(sum(case when status = 'completed' then duration_ms end), 0) as total_ms,
    max(case when status = 'completed' then duration_ms end) as max_ms
from day_runs
group by source_id, coalesce(pipeline_id, 0), kind, day
