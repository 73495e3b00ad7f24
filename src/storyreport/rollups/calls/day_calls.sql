/*
kind: intermediate
description: The calls of dirty days, with prices and tokens as the rollups of calls need them.
grain: call
materialized: view
group: [source_id, day]
dirty:
  calls: [source_id, day]
# Every row belongs to a group, so that a new source's rows are read as they lie.
rows:
  priced_calls: [source_id, day]
frozen: by day
*/
-- Billionths are added up as real numbers, which do not overflow and are exact up to 9 million of a currency. A column
-- of integers keeps them as such; a sum that is too large for one stays a real number.
select
    day,
    source_id,
    provider,
    model,
    endpoint,
    step_id,
    pipeline_id,
    status,
    duration_ms,
    calls,
    input_tokens,
    output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    cache_write_1h_tokens,
    reasoning_tokens,
    coalesce(total_tokens, input_tokens + output_tokens) as tokens,
    price_currency as currency,
    price_nano,
    case when is_estimated = 1 then price_nano end as estimated_nano,
    unpriced_calls as unpriced,
    labels
from dirty_priced_calls
