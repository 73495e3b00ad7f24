/*
title: Last hours
description: >-
  Runs, failed runs and cost of the last hours against as many hours before, by source and pipeline. A run counts at its
  end, or at its start while it runs; cost counts when it was called. Currencies are never added up. Unpriced calls are
  in none of the sums. Per step, cost has a row for each step and model. Of a lake a period is unknown of which not all
  runs or calls landed.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  hours: {type: hours, default: 24, help: hours back}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
  per: {type: choice, choices: [pipeline, step], default: pipeline, help: what a row of cost is for}
*/
-- Of a lake the latest runs and calls are here, from a moment on: what began before is unknown.
-- Days lead to the rows by an index; the moment decides.
with moment (before, since, as_of) as (
    select
        strftime('%Y-%m-%dT%H:%M:%fZ', julianday(:as_of) - cast(:hours as real) / 12),
        strftime('%Y-%m-%dT%H:%M:%fZ', julianday(:as_of) - cast(:hours as real) / 24),
        strftime('%Y-%m-%dT%H:%M:%fZ', :as_of)
),

worked as (
    select
        runs.source_id,
        runs.pipeline_id,
        runs.status,
        coalesce(runs.ended_at, runs.started_at, runs.queued_at) > moment.since as is_last
    from moment
    cross join sources on :source in ('', sources.name)
    cross join runs
        on
            runs.source_id = sources.id
            and runs.day >= date(moment.before)
            and runs.day <= date(moment.as_of)
    where
        coalesce(runs.ended_at, runs.started_at, runs.queued_at) > moment.before
        and coalesce(runs.ended_at, runs.started_at, runs.queued_at) <= moment.as_of
),

spent as (
    select
        calls.source_id,
        calls.pipeline_id,
        case when :per = 'step' then calls.step_id end as step_id,
        case when :per = 'step' then calls.model end as model,
        calls.price_currency as currency,
        calls.called_at > moment.since as is_last,
        -- As real numbers of billionths, sums are the same in any order, and do not overflow.
        cast(calls.price_nano as real) as price_nano
    from moment
    cross join sources on :source in ('', sources.name)
    cross join priced_calls as calls
        on
            calls.source_id = sources.id
            and calls.day >= date(moment.before)
            and calls.day <= date(moment.as_of)
    where
        calls.price_nano is not null
        and calls.called_at > moment.before
        and calls.called_at <= moment.as_of
),

figures as (
    select
        1 as place,
        source_id,
        pipeline_id,
        null as step_id,
        null as model,
        'runs' as figure,
        null as currency,
        sum(is_last) as value,
        sum(1 - is_last) as previous_value
    from worked
    group by source_id, pipeline_id
    union all
    select
        2,
        source_id,
        pipeline_id,
        null,
        null,
        'failed runs',
        null,
        sum(is_last),
        sum(1 - is_last)
    from worked
    where status = 'failed'
    group by source_id, pipeline_id
    union all
    select
        3,
        source_id,
        pipeline_id,
        step_id,
        model,
        'cost',
        currency,
        round(sum(case when is_last then price_nano else 0 end) / 1e9, 6),
        round(sum(case when is_last then 0 else price_nano end) / 1e9, 6)
    from spent
    group by source_id, pipeline_id, step_id, model, currency
),

known as (
    select
        figures.place,
        figures.source_id,
        figures.pipeline_id,
        figures.step_id,
        figures.model,
        figures.figure,
        figures.currency,
        case
            when lakes.runs_since is null then figures.value
            when case figures.figure when 'cost' then lakes.calls_since else lakes.runs_since end <= moment.since
                then figures.value
        end as value,
        case
            when lakes.runs_since is null then figures.previous_value
            when case figures.figure when 'cost' then lakes.calls_since else lakes.runs_since end <= moment.before
                then figures.previous_value
        end as previous_value
    from moment
    cross join figures
    left join lakes on lakes.source_id = figures.source_id
)

select
    sources.name as source,
    figures.figure,
    figures.value,
    figures.previous_value,
    round(100.0 * (figures.value - figures.previous_value) / nullif(figures.previous_value, 0), 2) as change_pct,
    figures.currency,
    pipelines.name as pipeline,
    steps.name as step,
    figures.model
from known as figures
join sources on sources.id = figures.source_id
left join pipelines on pipelines.id = figures.pipeline_id
left join steps on steps.id = figures.step_id
where :pipeline = '' or pipelines.name = :pipeline
order by figures.place, figures.value desc, source, pipeline, step, figures.model, figures.currency
