/*
title: Cost of failures
description: >-
  Cost of the calls of failed runs (kind: run), and of failed calls in other or no runs (kind: call), by step. Calls
  without a step are listed under their endpoint. The share is that of the source's total cost in the same currency.
  With dates: calls made in that period by runs that failed then or later. Runs need calls that name them. Runs that
  the source has deleted still count. Calls without a known cost are unpriced, never free.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day of calls (UTC)}
  until: {type: date, help: 'last day of calls (UTC), included'}
headline:
  - '{cost.sum} for calls that failed or belong to failed runs.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: cost, type: quantitative, stack: zero, title: cost of failures}
    color: {field: source, type: nominal}
    row: {field: currency, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer.
with failed as (
    select
        source_id,
        family,
        currency,
        pipeline_id,
        failed_runs,
        calls,
        cost_nano / 1e9 as cost,
        unpriced_calls,
        'run' as kind
    from rollup_failed_calls
    where :since || :until = ''
    union all
    select
        source_id,
        family,
        currency,
        pipeline_id,
        count(distinct run_id),
        sum(calls),
        sum(cost_nano / 1e9),
        sum(unpriced_calls),
        'run'
    from rollup_failed_run_calls
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, family, currency, pipeline_id
    union all
    select
        source_id,
        family,
        currency,
        pipeline_id,
        null,
        calls,
        cost_nano / 1e9,
        0,
        'call'
    from rollup_failing_calls
    where :since || :until = ''
    union all
    select
        source_id,
        family,
        currency,
        pipeline_id,
        null,
        sum(calls),
        sum(cost_nano / 1e9),
        0,
        'call'
    from rollup_failing_call_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, family, currency, pipeline_id
),

spent as (
    select
        source_id,
        currency,
        sum(cost_nano / 1e9) as cost
    from rollup_calls
    where :since || :until = ''
    group by source_id, currency
    union all
    select
        source_id,
        currency,
        sum(cost_nano / 1e9)
    from rollup_call_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, currency
)

select
    sources.name as source,
    nullif(failed.family, '') as step,
    failed.failed_runs,
    failed.calls,
    round(failed.cost, 6) as cost,
    nullif(failed.currency, '') as currency,
    round(100.0 * failed.cost / nullif(spent.cost, 0), 2) as share_pct,
    failed.unpriced_calls,
    failed.kind,
    pipelines.name as pipeline
from failed
join sources on sources.id = failed.source_id
left join pipelines on pipelines.id = failed.pipeline_id
join spent using (source_id, currency)
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
order by failed.cost desc, failed.calls desc, source, step, failed.kind, pipeline
