/*
title: Cost by month
description: >-
  Cost of calls by month and currency, latest month first. The days are those of the month that are over or have begun.
  Cost is what was recorded plus what was estimated. Calls without a known cost are unpriced, never free. Currencies are
  never added up.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
headline: '{month[0]}: {cost.sum@month}.'
chart:
  mark: bar
  encoding:
    x: {field: month, type: ordinal, sort: ascending}
    y: {field: cost, type: quantitative, aggregate: sum}
    color: {field: source, type: nominal}
    row: {field: currency, type: nominal}
*/
with months as (
    select
        substr(days.day, 1, 7) as month,
        days.source_id,
        days.currency,
        days.pipeline_id,
        sum(days.calls) as calls,
        sum(days.total_tokens) as total_tokens,
        sum(days.cost_nano / 1e9) as cost,
        sum(days.estimated_cost_nano / 1e9) as estimated_cost,
        sum(days.unpriced_calls) as unpriced_calls
    from rollup_call_days as days
    where
        days.day >= :since
        and days.day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or days.day <> '')
    group by substr(days.day, 1, 7), days.source_id, days.currency, days.pipeline_id
)

select
    nullif(months.month, '') as month,
    sources.name as source,
    case
        when months.month = strftime('%Y-%m', 'now') then cast(strftime('%d', 'now') as integer)
        when months.month <> '' and months.month < strftime('%Y-%m', 'now')
            then cast(strftime('%d', months.month || '-01', '+1 month', '-1 day') as integer)
    end as days,
    months.calls,
    months.total_tokens,
    round(months.cost, 6) as cost,
    nullif(months.currency, '') as currency,
    round(months.estimated_cost, 6) as estimated_cost,
    months.unpriced_calls,
    pipelines.name as pipeline
from months
join sources on sources.id = months.source_id
left join pipelines on pipelines.id = months.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
order by months.month desc, months.cost desc, source, months.currency, pipeline
