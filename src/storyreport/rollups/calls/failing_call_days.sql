/*
description: >-
  Failed calls that cost something, by day, source, step family (where none is named, endpoint), currency and
  pipeline. Those of runs that failed are left out: these are among the calls of failed runs.
grain: day, source, step family or endpoint, currency, pipeline
key:
  day: text
  source_id: references sources
  family: text
  currency: text
  pipeline_id: integer
values:
  calls: integer
  cost_nano: integer null
indexes:
  step: (source_id, family, currency)
total:
  name: failing_calls
  key: [source_id, family, currency, pipeline_id]
group: [source_id, day]
dirty:
  calls: [source_id, day]
  runs: |
    select
        calls.source_id,
        calls.day
    from calls
    where
        calls.run_id = {row}.id
        and calls.status = 'failed'
all: |
  select
      source_id,
      day
  from calls
  where
      source_id = :source_id
      and status = 'failed'
frozen: by day
oracle: |
  select
      calls.source_id,
      calls.day,
      sum(calls.calls) as calls
  from calls
  left join runs on runs.id = calls.run_id
  where
      calls.status = 'failed'
      and round(coalesce(calls.cost, calls.estimated_cost) * 1e9) <> 0
      and abs(coalesce(calls.cost, calls.estimated_cost)) < 9.2e9
      and coalesce(runs.status, '') <> 'failed'
  group by calls.source_id, calls.day
*/
select
    calls.day,
    calls.source_id,
    coalesce(steps.family, calls.endpoint) as family,
    calls.price_currency as currency,
    coalesce(calls.pipeline_id, 0) as pipeline_id,
    sum(calls.calls) as calls,
    sum(cast(calls.price_nano as real)) as cost_nano
from dirty_failing_call_days as dirty
cross join priced_calls as calls
    on
        calls.source_id = dirty.source_id
        and calls.day = dirty.day
left join runs on runs.id = calls.run_id
left join steps on steps.id = calls.step_id
where
    calls.status = 'failed'
    and coalesce(calls.price_nano, 0) <> 0
    and coalesce(runs.status, '') <> 'failed'
group by
    calls.day,
    calls.source_id,
    coalesce(steps.family, calls.endpoint),
    calls.price_currency,
    coalesce(calls.pipeline_id, 0)
