/*
title: Acceptance trend
description: >-
  Share of acceptance checks that passed, by day, week or month and step, latest first. A period is named by its first
  day (UTC); weeks begin on Monday. A check counts on the day that its step ended. Needs a source that records the
  results of its checks: the story pipeline tracker, or step runs with acceptance_passed.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  step: {type: step, help: one step only}
  by: {type: choice, choices: [day, week, month], default: week, help: length of a period}
headline: '{passed.sum} of {checked.sum:check} passed.'
chart:
  mark: rect
  encoding:
    x: {field: period, type: temporal}
    y: {field: step, type: nominal}
    color: {field: pass_pct, type: quantitative, ratio: [failed, checked], title: failed checks}
*/
with checked as (
    select
        case
            when days.day = '' then ''
            when :by = 'month' then substr(days.day, 1, 7) || '-01'
            when :by = 'week' then date(days.day, '-6 days', 'weekday 1')
            else days.day
        end as period,
        days.source_id,
        days.family,
        days.pipeline_id,
        sum(days.checked) as checked,
        sum(days.passed) as passed
    from rollup_step_days as days
    where
        days.checked > 0
        and days.day >= :since
        and days.day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or days.day <> '')
        and (:step = '' or days.family = :step)
    group by period, days.source_id, days.family, days.pipeline_id
)

select
    nullif(checked.period, '') as period,
    sources.name as source,
    checked.family as step,
    checked.checked,
    checked.passed,
    checked.checked - checked.passed as failed,
    round(100.0 * checked.passed / checked.checked, 2) as pass_pct,
    pipelines.name as pipeline
from checked
join sources on sources.id = checked.source_id
left join pipelines on pipelines.id = checked.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
order by checked.period desc, source, step, pipeline
