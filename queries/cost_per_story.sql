/*
title: Cost per accepted story
description: >-
  Cost of each accepted story by month, week or day, source and pipeline, latest first. A period is named by its first
  day (UTC); weeks begin on Monday. A story is accepted when it is completed, as in Throughput: a step that its
  acceptance check rejects has failed. The cost of an accepted story is all cost of the period, that of failures
  included, divided by the stories accepted in it. Cost of failures is that of calls made in the period by failed runs,
  and of other failed calls. Currencies are never added up; a period paid in two has two rows. Calls without a known
  cost are unpriced, never free. With compare, the columns previous_* have the whole day, week or month before.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  by: {type: choice, choices: [day, week, month], default: month, help: length of a period}
  compare: {type: choice, choices: [previous], help: compare with the period before}
headline:
  - 'Latest, {period[0]}: {cost.sum@period}.'
  - 'Most expensive: {cost_per_accepted_story.max@period} an accepted story.'
  - 'Spent on failures: {cost_of_failures.sum@period}.'
chart:
  mark: line
  encoding:
    x: {field: period, type: temporal}
    y: {field: cost_per_accepted_story, type: quantitative, title: cost}
    color: {field: source, type: nominal}
    detail: {field: pipeline, type: nominal}
    row: {field: currency, type: nominal}
*/
-- All of it comes from sums by day.
with facts as (
    select
        day,
        source_id,
        pipeline_id,
        stories_completed as stories,
        '' as currency,
        null as cost,
        null as failures,
        0 as unpriced
    from completed_story_days
    union all
    select
        day,
        source_id,
        pipeline_id,
        0,
        currency,
        cost_nano / 1e9,
        null,
        unpriced_calls
    from rollup_call_days
    union all
    select
        day,
        source_id,
        pipeline_id,
        0,
        currency,
        null,
        cost_nano / 1e9,
        0
    from rollup_failed_run_cost_days
    union all
    select
        day,
        source_id,
        pipeline_id,
        0,
        currency,
        null,
        cost_nano / 1e9,
        0
    from rollup_failing_call_days
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
        pipeline_id,
        sum(stories) as stories,
        sum(unpriced) as unpriced
    from chosen
    group by period, is_previous, source_id, pipeline_id
),

costs as (
    select
        period,
        is_previous,
        source_id,
        pipeline_id,
        currency,
        sum(cost) as cost,
        sum(failures) as failures
    from chosen
    where
        cost is not null
        or failures is not null
    group by period, is_previous, source_id, pipeline_id, currency
)

select
    nullif(totals.period, '') as period,
    sources.name as source,
    totals.stories as stories_accepted,
    round(costs.cost, 6) as cost,
    nullif(costs.currency, '') as currency,
    round(costs.cost / nullif(totals.stories, 0), 6) as cost_per_accepted_story,
    round(costs.failures, 6) as cost_of_failures,
    totals.unpriced as unpriced_calls,
    earlier.stories as previous_stories_accepted,
    round(costs_earlier.cost, 6) as previous_cost,
    round(100.0 * (costs.cost - costs_earlier.cost) / nullif(costs_earlier.cost, 0), 2) as cost_change_pct,
    round(costs_earlier.cost / nullif(earlier.stories, 0), 6) as previous_cost_per_accepted_story,
    round(
        100.0 * costs.cost * nullif(earlier.stories, 0) / nullif(costs_earlier.cost * totals.stories, 0) - 100.0,
        2
    ) as cost_per_accepted_story_change_pct,
    pipelines.name as pipeline
from totals
join sources on sources.id = totals.source_id
left join pipelines on pipelines.id = totals.pipeline_id
left join costs
    on
        costs.is_previous = 0
        and costs.period = totals.period
        and costs.source_id = totals.source_id
        and costs.pipeline_id = totals.pipeline_id
left join totals as earlier
    on
        earlier.is_previous = 1
        and earlier.period = totals.period
        and earlier.source_id = totals.source_id
        and earlier.pipeline_id = totals.pipeline_id
left join costs as costs_earlier
    on
        costs_earlier.is_previous = 1
        and costs_earlier.period = totals.period
        and costs_earlier.source_id = totals.source_id
        and costs_earlier.pipeline_id = totals.pipeline_id
        and costs_earlier.currency = costs.currency
where
    totals.is_previous = 0
    and (totals.stories > 0 or costs.currency is not null or totals.unpriced > 0)
order by totals.period desc, source, pipeline, costs.cost desc, costs.currency
