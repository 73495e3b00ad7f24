/*
title: Duration changes
description: >-
  p95 duration of each step in the last N days compared with the N days before, largest change first. A source's last
  day is the last day on which one of its steps ended. Percentiles are within 1 %. Steps without a duration in one of
  the two periods come last; steps that were not executed in the last period are left out.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  days: {type: days, default: 7, least: 1, help: length of each period in days}
headline:
  - 'Largest change: {step[0]}, p95 {p95_ms[0]} after {previous_p95_ms[0]} ({change_pct[0]}).'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal}
    x: {field: change_pct, type: quantitative, title: p95 change}
    color: {field: source, type: nominal}
*/
with spans as (
    select
        source_id,
        max(last_day) as last_day,
        cast(:days as integer) as days
    from (
        select
            source_id,
            (
                select max(day)
                from rollup_step_days
                where
                    rollup_step_days.source_id = rollup_steps.source_id
                    and rollup_step_days.family = rollup_steps.family
                    and rollup_step_days.pipeline_id = rollup_steps.pipeline_id
                    and rollup_step_days.executions > 0
                    -- A time in the future is in no last days.
                    and rollup_step_days.day <= date('now')
            ) as last_day
        from rollup_steps
    )
    where last_day <> ''
    group by source_id
),

bounds as (
    select
        source_id,
        date(last_day, (1 - days) || ' days') as began,
        last_day as ended,
        1 as is_last
    from spans
    union all
    select
        source_id,
        date(last_day, (1 - 2 * days) || ' days'),
        date(last_day, (-days) || ' days'),
        0
    from spans
),

executed as (
    select
        bounds.source_id,
        days.family,
        days.pipeline_id,
        bounds.is_last,
        sum(days.executions) as executions,
        max(days.max_ms) as max_ms
    from bounds
    cross join rollup_step_days as days
        on
            days.day between bounds.began and bounds.ended
            and days.source_id = bounds.source_id
    group by bounds.source_id, days.family, days.pipeline_id, bounds.is_last
),

-- reached: executions of the step that took no longer than this bucket.
cumulated as (
    select
        bounds.source_id,
        durations.family,
        durations.pipeline_id,
        bounds.is_last,
        durations.bucket,
        sum(sum(durations.executions)) over (
            partition by bounds.source_id, durations.family, durations.pipeline_id, bounds.is_last
            order by durations.bucket
        ) as reached,
        sum(sum(durations.executions)) over (
            partition by bounds.source_id, durations.family, durations.pipeline_id, bounds.is_last
        ) as timed
    from bounds
    cross join rollup_step_day_durations as durations
        on
            durations.day between bounds.began and bounds.ended
            and durations.source_id = bounds.source_id
    group by bounds.source_id, durations.family, durations.pipeline_id, bounds.is_last, durations.bucket
),

p95 as (
    select
        source_id,
        family,
        pipeline_id,
        is_last,
        min(bucket) as bucket
    from cumulated
    where 100 * reached >= 95 * timed
    group by source_id, family, pipeline_id, is_last
),

compared as (
    select
        executed.source_id,
        executed.family,
        executed.pipeline_id,
        sum(case when executed.is_last then executed.executions else 0 end) as executions,
        sum(case when executed.is_last then 0 else executed.executions end) as previous_executions,
        max(
            case when executed.is_last then min(cast(round(value_ms) as integer), executed.max_ms) end
        ) as p95_ms,
        max(
            case when not executed.is_last then min(cast(round(value_ms) as integer), executed.max_ms) end
        ) as previous_p95_ms
    from executed
    left join p95 using (source_id, family, pipeline_id, is_last)
    left join duration_buckets using (bucket)
    group by executed.source_id, executed.family, executed.pipeline_id
)

select
    sources.name as source,
    compared.family as step,
    compared.executions,
    compared.p95_ms,
    compared.previous_p95_ms,
    round(100.0 * (compared.p95_ms - compared.previous_p95_ms) / nullif(compared.previous_p95_ms, 0), 2) as change_pct,
    pipelines.name as pipeline,
    compared.previous_executions
from compared
join sources on sources.id = compared.source_id
left join pipelines on pipelines.id = compared.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and compared.executions > 0
order by change_pct is null, abs(change_pct) desc, compared.executions desc, source, step, pipeline
