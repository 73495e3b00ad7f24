/*
title: Overview
description: >-
  Runs, success rate, duration, accepted stories and cost of each source by day, week or month, latest first. A period
  is named by its first day (UTC); weeks begin on Monday. Runs are all runs of the period, open ones included; the
  success rate is that of the ended ones; durations are those of completed runs (percentiles within 1 %). A story is
  accepted when it is completed, as in Throughput: a step that its acceptance check rejects has failed. Cost of an
  accepted story is all cost of the period divided by the stories accepted in it. A period paid in two currencies has
  two rows, which repeat the other numbers; currencies are never added up. Calls without a known cost are unpriced,
  never free. With compare, the columns previous_* have the whole day, week or month before.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  by: {type: choice, choices: [day, week, month], default: day, help: length of a period}
  compare: {type: choice, choices: [previous], help: compare with the period before}
headline:
  - 'Latest, {period[0]}: lowest success rate {success_pct.min@period}.'
  - 'Longest p95 duration: {p95_ms.max@period}.'
  - 'Cost: {cost.sum@period}.'
chart:
  mark: line
  encoding:
    x: {field: period, type: temporal}
    y: {field: success_pct, type: quantitative, of: runs, scale: {domain: [0, 100]}, title: completed}
    color: {field: source, type: nominal}
    row: {field: source, type: nominal}
*/
-- All of it comes from sums by day.
with facts as (
    select
        day,
        source_id,
        pipeline_id,
        runs,
        completed,
        failed,
        max_ms,
        0 as stories,
        0 as unpriced,
        '' as currency,
        null as cost
    from rollup_run_days
    union all
    select
        day,
        source_id,
        pipeline_id,
        0,
        0,
        0,
        null,
        stories_completed,
        0,
        '',
        null
    from completed_story_days
    union all
    select
        day,
        source_id,
        pipeline_id,
        0,
        0,
        0,
        null,
        0,
        unpriced_calls,
        currency,
        cost_nano / 1e9
    from rollup_call_days
),

-- The periods that are listed, and, to compare with, those before them: these are whole.
spans as (
    select
        0 as is_previous,
        :since as since,
        coalesce(nullif(:until, ''), '9999-12-31') as until
    union all
    select
        1,
        coalesce(
            case :by
                when 'month' then date(:since, 'start of month', '-1 month')
                when 'week' then date(:since, '-13 days', 'weekday 1')
                else date(:since, '-1 day')
            end,
            ''
        ),
        '9999-12-31'
    where :compare <> ''
),

-- The day is counted in the period that it is listed in, or that its period is compared with.
calendar as (
    select
        days.day,
        spans.is_previous,
        case
            when spans.is_previous = 0 then days.period
            when :by = 'month' then date(days.period, '+1 month')
            when :by = 'week' then date(days.period, '+7 days')
            else date(days.period, '+1 day')
        end as period
    from (
        select distinct
            day,
            case
                when day = '' then ''
                when :by = 'month' then substr(day, 1, 7) || '-01'
                when :by = 'week' then date(day, '-6 days', 'weekday 1')
                else day
            end as period
        from facts
    ) as days
    cross join spans
        on
            days.day >= spans.since
            and days.day <= spans.until
    where
        days.day <> ''
        or (spans.is_previous = 0 and :until = '')
),

chosen as (
    select
        calendar.period,
        calendar.is_previous,
        facts.*
    from facts
    join calendar on calendar.day = facts.day
    where
        (:source = '' or facts.source_id in (select id from sources where name = :source))
        and (:pipeline = '' or facts.pipeline_id in (select id from pipelines where name = :pipeline))
),

totals as (
    select
        period,
        is_previous,
        source_id,
        sum(runs) as runs,
        sum(completed) as completed,
        sum(failed) as failed,
        max(max_ms) as max_ms,
        sum(stories) as stories,
        sum(unpriced) as unpriced
    from chosen
    group by period, is_previous, source_id
),

costs as (
    select
        period,
        is_previous,
        source_id,
        currency,
        sum(cost) as cost
    from chosen
    where cost is not null
    group by period, is_previous, source_id, currency
),

-- reached: completed runs of the period that took no longer than this bucket.
cumulated as (
    select
        calendar.period,
        calendar.is_previous,
        durations.source_id,
        durations.bucket,
        sum(sum(durations.runs)) over (
            partition by calendar.period, calendar.is_previous, durations.source_id
            order by durations.bucket
        ) as reached,
        sum(sum(durations.runs)) over (partition by calendar.period, calendar.is_previous, durations.source_id) as timed
    from rollup_run_day_durations as durations
    join calendar on calendar.day = durations.day
    where
        (:source = '' or durations.source_id in (select id from sources where name = :source))
        and (:pipeline = '' or durations.pipeline_id in (select id from pipelines where name = :pipeline))
    group by calendar.period, calendar.is_previous, durations.source_id, durations.bucket
),

percentiles as (
    select
        period,
        is_previous,
        source_id,
        min(case when 100 * reached >= 50 * timed then bucket end) as p50_bucket,
        min(case when 100 * reached >= 95 * timed then bucket end) as p95_bucket
    from cumulated
    group by period, is_previous, source_id
),

figures as (
    select
        totals.period,
        totals.is_previous,
        totals.source_id,
        totals.runs,
        round(100.0 * totals.completed / nullif(totals.completed + totals.failed, 0), 2) as success_pct,
        min(cast(round(p50.value_ms) as integer), totals.max_ms) as p50_ms,
        min(cast(round(p95.value_ms) as integer), totals.max_ms) as p95_ms,
        totals.stories,
        totals.unpriced
    from totals
    left join percentiles using (period, is_previous, source_id)
    left join duration_buckets as p50 on p50.bucket = percentiles.p50_bucket
    left join duration_buckets as p95 on p95.bucket = percentiles.p95_bucket
)

select
    nullif(figures.period, '') as period,
    sources.name as source,
    figures.runs,
    figures.success_pct,
    figures.p50_ms,
    figures.p95_ms,
    figures.stories as stories_accepted,
    round(costs.cost, 6) as cost,
    nullif(costs.currency, '') as currency,
    round(costs.cost / nullif(figures.stories, 0), 6) as cost_per_accepted_story,
    figures.unpriced as unpriced_calls,
    earlier.runs as previous_runs,
    earlier.success_pct as previous_success_pct,
    earlier.p50_ms as previous_p50_ms,
    earlier.p95_ms as previous_p95_ms,
    earlier.stories as previous_stories_accepted,
    round(costs_earlier.cost, 6) as previous_cost,
    round(100.0 * (costs.cost - costs_earlier.cost) / nullif(costs_earlier.cost, 0), 2) as cost_change_pct,
    round(costs_earlier.cost / nullif(earlier.stories, 0), 6) as previous_cost_per_accepted_story,
    round(
        100.0 * costs.cost * nullif(earlier.stories, 0) / nullif(costs_earlier.cost * figures.stories, 0) - 100.0,
        2
    ) as cost_per_accepted_story_change_pct,
    nullif(:pipeline, '') as pipeline
from figures
join sources on sources.id = figures.source_id
left join costs
    on
        costs.is_previous = 0
        and costs.period = figures.period
        and costs.source_id = figures.source_id
left join figures as earlier
    on
        earlier.is_previous = 1
        and earlier.period = figures.period
        and earlier.source_id = figures.source_id
left join costs as costs_earlier
    on
        costs_earlier.is_previous = 1
        and costs_earlier.period = figures.period
        and costs_earlier.source_id = figures.source_id
        and costs_earlier.currency = costs.currency
where
    figures.is_previous = 0
    and (figures.runs > 0 or figures.stories > 0 or costs.cost is not null or figures.unpriced > 0)
order by figures.period desc, source, costs.cost desc, costs.currency
