/*
title: Cost anomalies
description: >-
  Days whose cost is outside the usual range, latest day first. The usual range of a provider's day is p5 to p95 of its
  days with calls in the 28 days before, where these are at least 14. Days without a known cost are left out, and
  currencies are never added up. A day that is not over yet, or has calls without a price, cannot be too low.
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
with recursive spent as materialized (
    select
        day,
        -- Days as whole numbers, so that an index finds each of the days before.
        cast(julianday(day) + 0.5 as integer) as number,
        source_id,
        provider,
        currency,
        sum(cost_nano / 1e9) as cost
    from rollup_call_days
    where
        day <> ''
        and cost_nano is not null
        and (:source = '' or source_id in (select id from sources where name = :source))
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
        and day >= coalesce(date(nullif(:since, ''), '-28 days'), '')
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
    group by source_id, provider, currency, day
),

days_before (number) as (
    select 1
    union all
    select number + 1
    from days_before
    where number < 28
),

compared as materialized (
    select
        spent.day,
        spent.source_id,
        spent.provider,
        spent.currency,
        spent.cost,
        earlier.cost as usual
    from spent
    cross join days_before
    cross join spent as earlier
        on
            earlier.number = spent.number - days_before.number
            and earlier.source_id = spent.source_id
            and earlier.provider = spent.provider
            and earlier.currency = spent.currency
    where spent.day >= :since
),

-- Days out of line are few: a day is above the k-th smallest of the days before if k of them are smaller.
odd as (
    select
        day,
        source_id,
        provider,
        currency
    from compared
    group by source_id, provider, currency, day
    having
        count(*) >= 14
        and (
            sum(usual < cost) >= 0.95 * count(*)
            or sum(usual <= cost) < 0.05 * count(*)
        )
),

ranked as (
    select
        compared.*,
        row_number() over (
            partition by compared.source_id, compared.provider, compared.currency, compared.day
            order by compared.usual
        ) as place,
        count(*) over (
            partition by compared.source_id, compared.provider, compared.currency, compared.day
        ) as days
    from odd
    join compared using (source_id, provider, currency, day)
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
    bounded.cost > bounded.usual_high
    or (
        bounded.cost < bounded.usual_low
        and bounded.day < date('now')
        and not exists (
            select 1
            from rollup_call_days as days
            where
                days.day = bounded.day
                and days.source_id = bounded.source_id
                and days.provider = bounded.provider
                and days.unpriced_calls > 0
        )
    )
order by bounded.day desc, bounded.cost desc, source, provider, bounded.currency
