/*
title: Calls of a run
description: >-
  Calls of a run with their time, duration and cost. Cost is as recorded, or estimated from tokens and model where none
  was recorded. An unknown cost is empty, never 0.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  run: {type: text, help: the run's key (required)}
headline: ['{rows:call}.', 'Cost: {cost.sum}.']
chart:
  mark: bar
  encoding:
    y: {field: provider, type: nominal, sort: -x}
    x: {field: duration_ms, type: quantitative, stack: zero, title: time spent}
    color: {field: status, type: nominal}
*/
select
    sources.name as source,
    runs.source_key as run,
    calls.called_at,
    steps.name as step,
    calls.provider,
    calls.model,
    calls.status,
    calls.duration_ms,
    coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as total_tokens,
    calls.price as cost,
    nullif(calls.price_currency, '') as currency,
    calls.error_message as error
from sources
cross join runs
    on
        runs.source_id = sources.id
        and runs.source_key = :run
cross join priced_calls as calls on calls.run_id = runs.id
left join steps on steps.id = calls.step_id
where
    (:source = '' or sources.name = :source)
    and (
        calls.gone_at is null
        or runs.gone_at is not null
    )
order by calls.called_at, calls.id
