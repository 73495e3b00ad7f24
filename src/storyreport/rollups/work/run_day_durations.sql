/*
description: How many completed runs of a day fell into each duration bucket.
grain: source, kind, day, duration bucket
hidden: true
from: day_runs
key:
  source_id: references sources
  kind: text
  day: text
  bucket: references duration_buckets
values:
  runs: integer
meanings:
  runs: completed runs whose duration is in the bucket
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
    kind,
    day,
    duration_bucket(duration_ms) as bucket,
    count(*) as runs
from day_runs
where
    status = 'completed'
    and duration_ms is not null
group by source_id, kind, day, duration_bucket(duration_ms)
