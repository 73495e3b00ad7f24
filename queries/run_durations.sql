/*
title: Run durations
description: >-
  Median and p95 duration of completed runs by day, latest day first; all sources and pipelines that are selected
  together. With by=period it is one row for the whole period. Percentiles are within 1 %. A run takes from its start to
  its end, the time between its steps included.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  by: {type: choice, default: day, choices: [day, period], help: a row for each day or one for the period}
headline: 'Latest, {day[0]}: {runs[0]:run}, median {p50_ms[0]}, p95 {p95_ms[0]}.'
chart:
  mark: line
  encoding:
    x: {field: day, type: temporal}
    y: {field: p50_ms, type: quantitative, title: median duration}
*/
-- reached: runs that took no longer than this bucket.
with cumulated as (
    select
        case when :by = 'period' then '' else days.day end as day,
        days.bucket,
        sum(days.runs) as runs,
        sum(sum(days.runs)) over (
            partition by case when :by = 'period' then '' else days.day end
            order by days.bucket
        ) as reached,
        sum(sum(days.runs)) over (partition by case when :by = 'period' then '' else days.day end) as timed
    from rollup_run_day_durations as days
    cross join sources on sources.id = days.source_id
    left join pipelines on pipelines.id = days.pipeline_id
    where
        (:source = '' or sources.name = :source)
        and (:pipeline = '' or pipelines.name = :pipeline)
        and days.day >= :since
        and days.day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or days.day <> '')
    group by case when :by = 'period' then '' else days.day end, days.bucket
)

select
    nullif(percentiles.day, '') as day,
    percentiles.runs,
    cast(round(p50.value_ms) as integer) as p50_ms,
    cast(round(p95.value_ms) as integer) as p95_ms
from (
    select
        day,
        max(timed) as runs,
        min(case when 100 * reached >= 50 * timed then bucket end) as p50,
        min(case when 100 * reached >= 95 * timed then bucket end) as p95
    from cumulated
    group by day
) as percentiles
join duration_buckets as p50 on p50.bucket = percentiles.p50
join duration_buckets as p95 on p95.bucket = percentiles.p95
order by percentiles.day desc
