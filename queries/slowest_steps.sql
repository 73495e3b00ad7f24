/*
title: Slowest steps
description: >-
  Total time and duration of each step, and its share of all time spent, longest first. Percentiles are within 1 %.
  Executions are those that completed or failed; durations are those of executions that ran to their end, with a known
  duration: completed ones, and rejected ones, which failed by their acceptance check alone.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  compare: {type: choice, choices: [previous], help: draw the period before as ticks}
headline:
  - '{rows:step}, {total_ms.sum} in all.'
  - '{step[0]} takes most: {total_ms[0]} ({share_pct[0]}), p95 {p95_ms[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: total_ms, type: quantitative, stack: zero, title: time spent}
    color: {field: source, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer; with dates, the daily histograms are merged.
with some_days as (
    select
        source_id,
        family,
        pipeline_id,
        sum(executions) as executions,
        sum(failed) as failed,
        sum(rejected) as rejected,
        sum(timed) as timed,
        sum(total_ms) as total_ms,
        max(max_ms) as max_ms
    from rollup_step_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, family, pipeline_id
),

-- reached: executions of the step that took no longer than this bucket.
cumulated as (
    select
        source_id,
        family,
        pipeline_id,
        bucket,
        sum(sum(executions)) over (partition by source_id, family, pipeline_id order by bucket) as reached,
        sum(sum(executions)) over (partition by source_id, family, pipeline_id) as timed
    from rollup_step_day_durations
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, family, pipeline_id, bucket
),

percentiles as (
    select
        source_id,
        family,
        pipeline_id,
        min(case when 100 * reached >= 50 * timed then bucket end) as p50_bucket,
        min(case when 100 * reached >= 95 * timed then bucket end) as p95_bucket
    from cumulated
    group by source_id, family, pipeline_id
),

spent as (
    select
        source_id,
        family,
        pipeline_id,
        executions,
        failed,
        rejected,
        timed,
        total_ms,
        max_ms,
        p50_ms,
        p95_ms
    from rollup_steps
    where :since || :until = ''
    union all
    select
        some_days.source_id,
        some_days.family,
        some_days.pipeline_id,
        some_days.executions,
        some_days.failed,
        some_days.rejected,
        some_days.timed,
        some_days.total_ms,
        some_days.max_ms,
        min(cast(round(p50.value_ms) as integer), some_days.max_ms),
        min(cast(round(p95.value_ms) as integer), some_days.max_ms)
    from some_days
    left join percentiles using (source_id, family, pipeline_id)
    left join duration_buckets as p50 on p50.bucket = percentiles.p50_bucket
    left join duration_buckets as p95 on p95.bucket = percentiles.p95_bucket
)

select
    sources.name as source,
    spent.family as step,
    spent.executions,
    cast(round(1.0 * spent.total_ms / nullif(spent.timed, 0)) as integer) as avg_ms,
    spent.p50_ms,
    spent.p95_ms,
    spent.max_ms,
    case when spent.timed > 0 then spent.total_ms end as total_ms,
    case when spent.timed > 0 then round(100.0 * spent.total_ms / sum(spent.total_ms) over (), 2) end as share_pct,
    spent.failed,
    spent.rejected,
    pipelines.name as pipeline
from spent
join sources on sources.id = spent.source_id
left join pipelines on pipelines.id = spent.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and spent.executions > 0
order by spent.total_ms desc, spent.executions desc, source, step, pipeline
