/*
description: >-
  Calls, tokens and cost by source, day, currency, pipeline and the step family that made them; where the source names
  no step, by the endpoint that was called.
grain: day, source, step family or endpoint, currency, pipeline
from: day_calls
key:
  day: text
  source_id: references sources
  family: text
  currency: text
  pipeline_id: integer
values:
  calls: integer
  total_tokens: integer null
  cost_nano: integer null
  unpriced_calls: integer
meanings:
  family: the step family; of calls without a step, their endpoint
indexes:
  step: (source_id, family, currency)
total:
  name: step_calls
  key: [source_id, family, currency, pipeline_id]
oracle: |
  select
      source_id,
      day,
      sum(calls) as calls,
      sum(case when total_tokens is null then input_tokens + output_tokens else total_tokens end) as total_tokens,
      sum(
          case
              when abs(cost) < 9.2e9 then round(cost * 1e9)
              when cost is null and abs(estimated_cost) < 9.2e9 then round(estimated_cost * 1e9)
          end
      ) as cost_nano
  from calls
  group by source_id, day
*/
select
    calls.day,
    calls.source_id,
    coalesce(steps.family, calls.endpoint) as family,
    calls.currency,
    coalesce(calls.pipeline_id, 0) as pipeline_id,
    sum(calls.calls) as calls,
    sum(calls.tokens) as total_tokens,
    sum(cast(calls.price_nano as real)) as cost_nano,
    sum(calls.unpriced) as unpriced_calls
from day_calls as calls
left join steps on steps.id = calls.step_id
group by
    calls.day,
    calls.source_id,
    coalesce(steps.family, calls.endpoint),
    calls.currency,
    coalesce(calls.pipeline_id, 0)
