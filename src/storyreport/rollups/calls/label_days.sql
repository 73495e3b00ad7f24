/*
description: >-
  Calls and cost by day, source, label (team, project, tag, user, key), its value, currency and pipeline. A
  call with several values counts under each.
grain: day, source, label, value, currency, pipeline
from: day_calls
key:
  day: text
  source_id: references sources
  label: text
  value: text
  currency: text
  pipeline_id: integer
values:
  calls: integer
  total_tokens: integer null
  cost_nano: integer null
  unpriced_calls: integer
meanings:
  label: the kind of label, such as team or tag
  value: what the label says
indexes:
  label: (source_id, label, value, currency)
total:
  name: labels
  key: [source_id, label, value, currency, pipeline_id]
oracle: |
  select
      calls.source_id,
      calls.day,
      kinds.key as label,
      sum(calls.calls) as calls
  from calls
  cross join json_each(calls.labels) as kinds
  cross join json_each(
      case when kinds.type = 'array' then kinds.value else json_array(kinds.value) end
  ) as items
  group by calls.source_id, calls.day, kinds.key
*/
-- Many calls of a day have the same labels: they are added up before their labels are taken apart.
with labelled as (
    select
        calls.day,
        calls.source_id,
        calls.labels,
        calls.currency,
        coalesce(calls.pipeline_id, 0) as pipeline_id,
        sum(calls.calls) as calls,
        sum(calls.tokens) as tokens,
        sum(cast(calls.price_nano as real)) as price,
        sum(calls.unpriced) as unpriced
    from day_calls as calls
    where calls.labels is not null
    group by
        calls.day,
        calls.source_id,
        calls.labels,
        calls.currency,
        coalesce(calls.pipeline_id, 0)
)

select
    calls.day,
    calls.source_id,
    kinds.key as label,
    cast(items.value as text) as value,
    calls.currency,
    calls.pipeline_id,
    sum(calls.calls) as calls,
    sum(calls.tokens) as total_tokens,
    sum(calls.price) as cost_nano,
    sum(calls.unpriced) as unpriced_calls
from labelled as calls
cross join json_each(calls.labels) as kinds
cross join json_each(case when kinds.type = 'array' then kinds.value else json_array(kinds.value) end) as items
group by
    calls.day,
    calls.source_id,
    kinds.key,
    cast(items.value as text),
    calls.currency,
    calls.pipeline_id
