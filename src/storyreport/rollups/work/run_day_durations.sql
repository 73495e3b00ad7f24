/*
description: How many completed runs of a day fell into each duration bucket.
grain: source, pipeline, kind, day, duration bucket
hidden: true
from: day_runs
key:
  source_id: references sources
  pipeline_id: integer
  kind: text
  day: text
  bucket: references duration_buckets
values:
  runs: integer
meanings:
  kind: kind of run
  runs: completed runs whose duration is in the bucket
total:
  name: run_durations
  key: [source_id, pipeline_id, kind, bucket]
oracle: |
  select
      source_id,
      day,
      count(*) as runs
  from runs
  where
      status = 'completed'
      and duration_ms is not null
  group by source_id, day
*/
select
    source_id,
    coalesce(pipeline_id, 0) as pipeline_id,
    kind,
    day,
    duration_bucket(duration_ms) as bucket,
    count(*) as runs
from day_runs
where
    status = 'completed'
    and duration_ms is not null
group by source_id, coalesce(pipeline_id, 0), kind, day, duration_bucket(duration_ms)
