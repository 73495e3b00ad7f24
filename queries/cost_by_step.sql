/*
title: Cost by step
description: >-
  Most expensive steps: total cost and cost per call. Calls without a step are listed under their endpoint. Cost is what
  was recorded plus what was estimated. Calls without a known cost are unpriced, never free. They are left out of the
  cost per call. Currencies are never added up.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  compare: {type: choice, choices: [previous], help: draw the period before as ticks}
headline:
  - '{cost.sum} for {calls.sum:call}.'
  - 'Most expensive: {step[0]} with {cost[0]}, {cost_per_call[0]} a call.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: cost, type: quantitative, stack: zero}
    color: {field: source, type: nominal}
    row: {field: currency, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer.
with spent as (
    select
        source_id,
        family,
        currency,
        pipeline_id,
        calls,
        total_tokens,
        cost_nano / 1e9 as cost,
        unpriced_calls
    from rollup_step_calls
    where :since || :until = ''
    union all
    select
        source_id,
        family,
        currency,
        pipeline_id,
        sum(calls),
        sum(total_tokens),
        sum(cost_nano / 1e9),
        sum(unpriced_calls)
    from rollup_step_call_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, family, currency, pipeline_id
)

select
    sources.name as source,
    nullif(spent.family, '') as step,
    spent.calls,
    spent.total_tokens,
    round(spent.cost, 6) as cost,
    nullif(spent.currency, '') as currency,
    round(spent.cost / nullif(spent.calls - spent.unpriced_calls, 0), 6) as cost_per_call,
    spent.unpriced_calls,
    pipelines.name as pipeline
from spent
join sources on sources.id = spent.source_id
left join pipelines on pipelines.id = spent.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
order by spent.cost desc, spent.calls desc, source, step, pipeline
