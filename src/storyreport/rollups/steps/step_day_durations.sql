/*
description: How many timed executions of a day fell into each duration bucket.
grain: day, source, step family, pipeline, duration bucket
hidden: true
from: step_run_counts
key:
  day: text
  source_id: references sources
  family: text
  pipeline_id: integer
  bucket: references duration_buckets
values:
  executions: integer
meanings:
  executions: completed executions whose duration is in the bucket
total:
  name: step_durations
  key: [source_id, family, pipeline_id, bucket]
oracle: |
  select
      source_id,
      day,
      count(*) as executions
  from step_runs
  where
      (status = 'completed' or status = 'failed' and acceptance_passed = 0)
      and duration_ms is not null
  group by source_id, day
*/
select
    counts.day,
    steps.source_id,
    steps.family,
    coalesce(steps.pipeline_id, 0) as pipeline_id,
    counts.bucket,
    sum(counts.step_runs) as executions
from step_run_counts as counts
join steps on steps.id = counts.step_id
where counts.bucket is not null
group by counts.day, steps.source_id, steps.family, coalesce(steps.pipeline_id, 0), counts.bucket
