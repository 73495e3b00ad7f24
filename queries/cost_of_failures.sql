/*
title: Cost of failures
description: >-
  What was spent for nothing: the calls of runs that failed, by the step that made them (where they name none, by what
  was called), and the share of all that the source spent in that currency. With days, it is what was called on these
  days by runs that have failed since. It needs calls that name their run; a run that the source has deleted since still
  counts. Calls without a known cost are unpriced, never free.
topic: Cost
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day of the calls (UTC)}
  until: {type: date, help: 'last day of the calls (UTC), included'}
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: cost, type: quantitative, stack: zero, title: spent for nothing}
    color: {field: source, type: nominal}
    row: {field: currency, type: nominal}
*/
-- The whole history is added up already.
with failed as (
    select
        source_id,
        family,
        currency,
        failed_runs,
        calls,
        cost_nano / 1e9 as cost,
        unpriced_calls
    from rollup_failed_calls
    where :since || :until = ''
    union all
    select
        source_id,
        family,
        currency,
        count(distinct run_id),
        sum(calls),
        sum(cost_nano / 1e9),
        sum(unpriced_calls)
    from rollup_failed_run_calls
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, family, currency
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
    failed.unpriced_calls
from failed
join sources on sources.id = failed.source_id
join spent using (source_id, currency)
where :source = '' or sources.name = :source
order by failed.cost desc, failed.calls desc, source, step
