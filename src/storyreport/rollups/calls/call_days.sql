/*
description: >-
  Calls, tokens and cost by source, day, provider, model, currency and pipeline. The cost is what was recorded plus
  what was estimated, in billionths of the currency (nano); estimated_cost_nano says how much of it is estimated.
grain: day, source, provider, model, currency, pipeline
from: day_calls
key:
  day: text
  source_id: references sources
  provider: text
  model: text
  currency: text
  pipeline_id: integer
values:
  calls: integer
  input_tokens: integer null
  output_tokens: integer null
  total_tokens: integer null
  cost_nano: integer null
  estimated_cost_nano: integer null
  unpriced_calls: integer
  cache_read_tokens: integer null
  cache_write_tokens: integer null
  cache_write_1h_tokens: integer null
  reasoning_tokens: integer null
  unmatched_calls: integer
meanings:
  unmatched_calls: calls that have tokens without a price, or a price without tokens in and out
indexes:
  model: (source_id, provider, model, currency)
total:
  name: calls
  key: [source_id, provider, model, currency, pipeline_id]
oracle: |
  select
      calls.source_id,
      calls.day,
      sum(calls.calls) as calls,
      sum(calls.input_tokens) as input_tokens,
      sum(calls.output_tokens) as output_tokens,
      sum(
          case
              when calls.total_tokens is null then calls.input_tokens + calls.output_tokens
              else calls.total_tokens
          end
      ) as total_tokens,
      sum(
          case
              when abs(calls.cost) < 9.2e9 then round(calls.cost * 1e9)
              when calls.cost is null and abs(calls.estimated_cost) < 9.2e9 then round(calls.estimated_cost * 1e9)
          end
      ) as cost_nano,
      sum(
          case
              when calls.cost is null and abs(calls.estimated_cost) < 9.2e9 then round(calls.estimated_cost * 1e9)
          end
      ) as estimated_cost_nano,
      sum(
          case
              when abs(coalesce(calls.cost, calls.estimated_cost)) < 9.2e9 or bills.day is not null then 0
              else calls.calls
          end
      ) as unpriced_calls
  from calls
  left join (
      select distinct
          source_id,
          day,
          provider
      from calls
      where
          calls = 0
          and cost <> 0
          and abs(cost) < 9.2e9
  ) as bills
      on
          bills.source_id = calls.source_id
          and bills.day = calls.day
          and bills.provider = calls.provider
  group by calls.source_id, calls.day
*/
select
    day,
    source_id,
    provider,
    model,
    currency,
    coalesce(pipeline_id, 0) as pipeline_id,
    sum(calls) as calls,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(tokens) as total_tokens,
    sum(cast(price_nano as real)) as cost_nano,
    sum(cast(estimated_nano as real)) as estimated_cost_nano,
    sum(unpriced) as unpriced_calls,
    sum(cache_read_tokens) as cache_read_tokens,
    sum(cache_write_tokens) as cache_write_tokens,
    sum(cache_write_1h_tokens) as cache_write_1h_tokens,
    sum(reasoning_tokens) as reasoning_tokens,
    sum(
        case
            when coalesce(nullif(price_nano, 0), nullif(input_tokens, 0), nullif(output_tokens, 0)) is null then 0
            when price_nano is not null and input_tokens is not null and output_tokens is not null then 0
            else 1
        end
    ) as unmatched_calls
from day_calls
group by day, source_id, provider, model, currency, coalesce(pipeline_id, 0)
