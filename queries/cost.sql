/*
title: Cost
description: >-
  Cost of calls to models and other paid services, by day, provider and model. Cost is what was recorded plus what was
  estimated. Calls without a known cost are unpriced, never free. Currencies are never added up.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  provider: {type: text, help: one provider only}
  model: {type: text, help: one model only}
chart:
  mark: bar
  encoding:
    x: {field: day, type: temporal}
    y: {field: cost, type: quantitative, aggregate: sum}
    color: {field: provider, type: nominal}
    row: {field: currency, type: nominal}
*/
-- The rollup has a row for each day, source, provider, model and currency.
select
    nullif(days.day, '') as day,
    sources.name as source,
    nullif(days.provider, '') as provider,
    nullif(days.model, '') as model,
    days.calls,
    days.input_tokens,
    days.output_tokens,
    days.total_tokens,
    round(days.cost_nano / 1e9, 6) as cost,
    nullif(days.currency, '') as currency,
    round(days.estimated_cost_nano / 1e9, 6) as estimated_cost,
    days.unpriced_calls,
    pipelines.name as pipeline
from rollup_call_days as days
cross join sources on sources.id = days.source_id
left join pipelines on pipelines.id = days.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and days.day >= :since
    and days.day <= coalesce(nullif(:until, ''), '9999-12-31')
    and (:until = '' or days.day <> '')
    and (:provider = '' or days.provider = :provider)
    and (:model = '' or days.model = :model)
order by days.day desc, days.cost_nano desc, source, provider, model, pipeline
