/*
title: Cost anomalies
description: >-
  Days whose cost is outside the usual range, latest day first. The usual range of a provider's day is p5 to p95 of its
  days with calls in the 28 days before, where these are at least 14. Days without a known cost are left out, and
  currencies are never added up. A day that is not over yet cannot be too low.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
chart:
  mark: bar
  encoding:
    x: {field: day, type: temporal}
    y: {field: cost, type: quantitative, aggregate: sum}
    color: {field: provider, type: nominal}
    row: {field: currency, type: nominal}
*/
with spent as (
    select
        day,
        source_id,
        provider,
        currency,
        sum(cost_nano / 1e9) as cost
    from rollup_call_days
    where
        day <> ''
        and cost_nano is not null
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
        and day >= coalesce(date(nullif(:since, ''), '-28 days'), '')
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
    group by source_id, provider, currency, day
),

ranked as (
    select
        spent.day,
        spent.source_id,
        spent.provider,
        spent.currency,
        spent.cost,
        earlier.cost as usual,
        row_number() over (
            partition by spent.source_id, spent.provider, spent.currency, spent.day
            order by earlier.cost
        ) as place,
        count(*) over (partition by spent.source_id, spent.provider, spent.currency, spent.day) as days
    from spent
    join spent as earlier
        on
            earlier.source_id = spent.source_id
            and earlier.provider = spent.provider
            and earlier.currency = spent.currency
            and earlier.day >= date(spent.day, '-28 days')
            and earlier.day < spent.day
    where spent.day >= :since
),

-- The nearest rank: of 28 days the second lowest and the second highest.
bounded as (
    select
        day,
        source_id,
        provider,
        currency,
        cost,
        min(case when place >= 0.05 * days then usual end) as usual_low,
        min(case when place >= 0.95 * days then usual end) as usual_high
    from ranked
    where days >= 14
    group by day, source_id, provider, currency, cost
)

select
    bounded.day,
    sources.name as source,
    nullif(bounded.provider, '') as provider,
    round(bounded.cost, 6) as cost,
    round(bounded.usual_low, 6) as usual_low,
    round(bounded.usual_high, 6) as usual_high,
    nullif(bounded.currency, '') as currency
from bounded
join sources on sources.id = bounded.source_id
where
    (:source = '' or sources.name = :source)
    and (
        bounded.cost > bounded.usual_high
        or (bounded.cost < bounded.usual_low and bounded.day < date('now'))
    )
order by bounded.day desc, bounded.cost desc, source, provider, bounded.currency
