/*
title: Cost forecast
description: >-
  Projected cost of this month at the average daily cost so far. The days so far include today, or end with the day of
  the source's last ingest. The eleven months before are listed for comparison; the forecast of a past month is its
  cost. Currencies are never added up. Unpriced calls are in none of the sums.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
headline:
  - '{month[0]}: {cost_to_date.sum@month}, projected for the whole month {forecast.sum@month}.'
chart:
  mark: bar
  encoding:
    x: {field: month, type: ordinal, sort: ascending}
    y: {field: forecast, type: quantitative, stack: zero, title: forecast}
    color: {field: source, type: nominal}
    row: {field: currency, type: nominal}
*/
-- One month more than is listed, so that each has its previous month.
with spent as (
    select
        substr(day, 1, 7) || '-01' as month,
        source_id,
        currency,
        sum(cost_nano / 1e9) as cost,
        sum(unpriced_calls) as unpriced_calls
    from rollup_call_days
    where
        day >= date('now', 'start of month', '-12 months')
        and day <= date('now')
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
    group by substr(day, 1, 7), source_id, currency
),

-- A source with costs last month and none this month has a row for this month, too.
months as (
    select
        month,
        source_id,
        currency
    from spent
    where month > date('now', 'start of month', '-12 months')
    union
    select
        date('now', 'start of month'),
        source_id,
        currency
    from spent
    where month = date('now', 'start of month', '-1 months')
),

covered as (
    select
        months.month,
        months.source_id,
        months.currency,
        source_states.name as source,
        date(months.month, '+1 month', '-1 day') as month_end,
        min(date('now'), date(source_states.last_ingest_at)) as last_day
    from months
    join source_states on source_states.id = months.source_id
    where :source = '' or source_states.name = :source
),

aggregated as (
    select
        covered.month,
        covered.source,
        covered.currency,
        case when spent.month is null and covered.last_day >= covered.month then 0.0 else spent.cost end as cost,
        spent.unpriced_calls,
        previous.cost as previous_cost,
        1 + julianday(covered.month_end) - julianday(covered.month) as days,
        1 + julianday(min(covered.last_day, covered.month_end)) - julianday(covered.month) as days_so_far
    from covered
    left join spent using (month, source_id, currency)
    left join spent as previous
        on
            previous.month = date(covered.month, '-1 month')
            and previous.source_id = covered.source_id
            and previous.currency = covered.currency
)

select
    substr(month, 1, 7) as month,
    source,
    nullif(currency, '') as currency,
    round(cost, 6) as cost_to_date,
    round(case when days_so_far > 0 then cost / days_so_far end, 6) as daily_avg,
    round(case when days_so_far > 0 then cost / days_so_far * days end, 6) as forecast,
    round(previous_cost, 6) as previous_month,
    coalesce(unpriced_calls, 0) as unpriced_calls
from aggregated
order by month desc, cost / days_so_far * days desc, source, currency
