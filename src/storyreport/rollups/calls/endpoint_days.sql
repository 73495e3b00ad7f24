/*
description: How calls ended and how long they took, by source, day, provider, endpoint and pipeline.
grain: day, source, provider, endpoint, pipeline
from: day_calls
key:
  day: text
  source_id: references sources
  provider: text
  endpoint: text
  pipeline_id: integer
values:
  calls: integer
  succeeded: integer
  failed: integer
  timed: integer
  total_ms: integer
  max_ms: integer null, max
meanings:
  failed: calls that failed
  timed: calls with a known duration
indexes:
  endpoint: (source_id, provider, endpoint)
total:
  name: endpoints
  key: [source_id, provider, endpoint, pipeline_id]
oracle: |
  select
      source_id,
      day,
      endpoint,
      sum(calls) as calls,
      sum(case status when 'completed' then calls end) as succeeded,
      sum(case status when 'failed' then calls end) as failed,
      count(duration_ms) as timed,
      sum(duration_ms) as total_ms,
      max(duration_ms) as max_ms
  from calls
  group by source_id, day, endpoint
*/
select
    day,
    source_id,
    provider,
    endpoint,
    coalesce(pipeline_id, 0) as pipeline_id,
    sum(calls) as calls,
    sum(case when status = 'completed' then calls else 0 end) as succeeded,
    sum(case when status = 'failed' then calls else 0 end) as failed,
    count(duration_ms) as timed,
    coalesce(sum(duration_ms), 0) as total_ms,
    max(duration_ms) as max_ms
from day_calls
group by day, source_id, provider, endpoint, coalesce(pipeline_id, 0)
