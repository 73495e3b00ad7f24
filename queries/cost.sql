/*
title: Cost
description: >-
  Cost of calls to models and other paid services, by day, provider and model. A week or month is named by its first
  day (UTC); weeks begin on Monday. Cost is what was recorded plus what was
  estimated. Calls without a known cost are unpriced, never free. Currencies are never added up.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  provider: {type: text, help: one provider only}
  model: {type: text, help: one model only}
  by: {type: choice, choices: [day, week, month], default: day, help: length of a period}
  compare: {type: choice, choices: [previous], help: draw the period before as ticks}
headline:
  - '{cost.sum} for {calls.sum:call}.'
  - '{unpriced_calls.sum:call} without a known cost.'
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
    days.period as day,
    sources.name as source,
    nullif(days.provider, '') as provider,
    nullif(days.model, '') as model,
    sum(days.calls) as calls,
    sum(days.input_tokens) as input_tokens,
    sum(days.output_tokens) as output_tokens,
    sum(days.total_tokens) as total_tokens,
    round(sum(days.cost_nano) / 1e9, 6) as cost,
    nullif(days.currency, '') as currency,
    round(sum(days.estimated_cost_nano) / 1e9, 6) as estimated_cost,
    sum(days.unpriced_calls) as unpriced_calls,
    pipelines.name as pipeline
from (
    select
        *,
        case :by
            when 'week' then date(day, '-6 days', 'weekday 1')
            when 'month' then date(day, 'start of month')
            else nullif(day, '')
        end as period
    from rollup_call_days
) as days
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
group by days.period, days.source_id, days.provider, days.model, days.currency, days.pipeline_id
order by day desc, sum(days.cost_nano) desc, source, provider, model, pipeline
