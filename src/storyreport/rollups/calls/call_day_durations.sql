/*
description: How many timed calls of a day fell into each duration bucket.
grain: day, source, provider, endpoint, duration bucket, pipeline
hidden: true
from: day_calls
key:
  day: text
  source_id: references sources
  provider: text
  endpoint: text
  bucket: references duration_buckets
  pipeline_id: integer
values:
  calls: integer
meanings:
  calls: calls whose duration is in the bucket
total:
  name: call_durations
  key: [source_id, provider, endpoint, bucket, pipeline_id]
oracle: |
  select
      source_id,
      day,
      provider,
      count(duration_ms) as calls
  from calls
  group by source_id, day, provider
*/
select
    day,
    source_id,
    provider,
    endpoint,
    duration_bucket(duration_ms) as bucket,
    coalesce(pipeline_id, 0) as pipeline_id,
    count(*) as calls
from day_calls
where duration_ms is not null
group by day, source_id, provider, endpoint, duration_bucket(duration_ms), coalesce(pipeline_id, 0)
