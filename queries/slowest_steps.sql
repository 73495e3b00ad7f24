/*
title: Slowest steps
description: >-
  Where the time goes: how long each step takes when it completes, and its share of all the time spent. Percentiles are
  within 1 %. Executions count the completed and the failed; durations come from completed ones whose duration is known.
topic: Steps
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: total_ms, type: quantitative, stack: zero, title: time spent}
    color: {field: source, type: nominal}
*/
with days as (
    select
        source_id,
        family,
        sum(executions) as executions,
        sum(timed) as timed,
        sum(total_ms) as total_ms,
        max(max_ms) as max_ms
    from rollup_step_days
    where
        (:source = '' or source_id = (select id from sources where name = :source))
        and (:since = '' or day >= :since)
        and (:until = '' or (day <= :until and day <> ''))
    group by source_id, family
),

buckets as (
    select
        source_id,
        family,
        bucket,
        sum(executions) as executions
    from rollup_step_durations
    where
        (:source = '' or source_id = (select id from sources where name = :source))
        and (:since = '' or day >= :since)
        and (:until = '' or (day <= :until and day <> ''))
    group by source_id, family, bucket
),

-- How many of a step's executions took no longer than this bucket.
cumulated as (
    select
        source_id,
        family,
        bucket,
        sum(executions) over (partition by source_id, family order by bucket) as reached,
        sum(executions) over (partition by source_id, family) as timed
    from buckets
),

percentiles as (
    select
        source_id,
        family,
        min(case when 100 * reached >= 50 * timed then bucket end) as p50_bucket,
        min(case when 100 * reached >= 95 * timed then bucket end) as p95_bucket
    from cumulated
    group by source_id, family
)

select
    sources.name as source,
    days.family as step,
    days.executions,
    cast(round(1.0 * days.total_ms / nullif(days.timed, 0)) as integer) as avg_ms,
    min(cast(round(p50.value_ms) as integer), days.max_ms) as p50_ms,
    min(cast(round(p95.value_ms) as integer), days.max_ms) as p95_ms,
    days.max_ms,
    case when days.timed > 0 then days.total_ms end as total_ms,
    round(100.0 * days.total_ms / nullif(sum(days.total_ms) over (), 0), 2) as share_pct
from days
join sources on sources.id = days.source_id
left join percentiles using (source_id, family)
left join duration_buckets as p50 on p50.bucket = percentiles.p50_bucket
left join duration_buckets as p95 on p95.bucket = percentiles.p95_bucket
where days.executions > 0
order by days.total_ms desc, days.executions desc, source, step
