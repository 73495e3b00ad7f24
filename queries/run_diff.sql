/*
title: Comparison of two runs
description: >-
  A run and another one step by step, in the order of the steps. The other is the last completed run of the same source,
  pipeline and kind before it, unless it is named. Durations, tokens and cost are the sums of all attempts of a step,
  status and error those of the last one. Calls of no step have a row without a step; a step paid in two currencies
  has two rows. Where there is nothing to compare, a row says why in its error.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  run: {type: run, help: the run's key (required)}
  with: {type: run, help: 'the other run''s key; without one, the last good run before'}
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: difference_ms, type: quantitative, aggregate: max, title: longer than in the other run}
    color: {field: status, type: nominal}
*/
with selected as materialized (
    select
        runs.*,
        sources.name as source,
        coalesce(runs.ended_at, runs.started_at, runs.queued_at, '') as latest_at
    from sources
    cross join runs
        on
            runs.source_id = sources.id
            and runs.source_key = :run
    where :source in ('', sources.name)
),

-- The rollup knows on which days a run completed: the last few of them are looked through.
chosen as materialized (
    select
        selected.*,
        case
            when :with <> ''
                then (
                    select other.id
                    from runs as other
                    where
                        other.source_id = selected.source_id
                        and other.source_key = :with
                )
            else (
                select good.id
                from runs as good
                where
                    good.source_id = selected.source_id
                    and good.day in (
                        select days.day
                        from rollup_run_days as days
                        where
                            days.source_id = selected.source_id
                            and days.pipeline_id = coalesce(selected.pipeline_id, 0)
                            and days.kind = selected.kind
                            and days.day <= selected.day
                            and days.day <> ''
                            and days.completed > 0
                        order by days.day desc
                        limit 5
                    )
                    and good.pipeline_id is selected.pipeline_id
                    and good.kind = selected.kind
                    and good.status = 'completed'
                    and good.gone_at is null
                    and good.pruned_at is null
                    and good.id <> selected.id
                    and coalesce(good.ended_at, good.started_at, good.queued_at, '') <= selected.latest_at
                order by coalesce(good.ended_at, good.started_at, good.queued_at, '') desc, good.id desc
                limit 1
            )
        end as with_id
    from selected
),

-- Both runs, and of batches the runs of their stories.
parts as materialized (
    select
        chosen.id as selected_id,
        sides.is_other,
        sides.gone_at,
        runs.id as run_id
    from chosen
    cross join (
        select
            id as selected_id,
            0 as is_other,
            id as run_id,
            gone_at
        from chosen
        union all
        select
            chosen.id,
            1,
            other.id,
            other.gone_at
        from chosen
        cross join runs as other on other.id = chosen.with_id
        where chosen.with_id <> chosen.id
    ) as sides on sides.selected_id = chosen.id
    cross join runs
        on
            runs.id = sides.run_id
            or runs.parent_id = sides.run_id
    where chosen.with_id <> chosen.id
),

attempts as (
    select
        parts.selected_id,
        parts.is_other,
        steps.name as step,
        step_runs.status,
        step_runs.error_message,
        step_runs.duration_ms,
        coalesce(step_runs.started_at, step_runs.queued_at, step_runs.ended_at) as begun_at,
        row_number() over (
            partition by parts.selected_id, parts.is_other, steps.name
            order by
                coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at, '') desc,
                coalesce(step_runs.attempt, 1) desc,
                step_runs.id desc
        ) = 1 as is_last
    from parts
    cross join step_runs on step_runs.run_id = parts.run_id
    cross join steps on steps.id = step_runs.step_id
    where
        step_runs.gone_at is null
        or parts.gone_at is not null
),

works as materialized (
    select
        selected_id,
        is_other,
        step,
        count(*) as attempts,
        sum(duration_ms) as duration_ms,
        max(case when is_last then status end) as status,
        max(case when is_last then error_message end) as error,
        row_number() over (partition by selected_id, is_other order by min(begun_at), step) as place
    from attempts
    group by selected_id, is_other, step
),

calls_made as (
    select
        parts.selected_id,
        parts.is_other,
        steps.name as step,
        calls.price as cost,
        case when calls.price is not null then nullif(calls.price_currency, '') end as currency,
        coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as tokens
    from parts
    cross join priced_calls as calls on calls.run_id = parts.run_id
    left join steps on steps.id = calls.step_id
    where
        calls.gone_at is null
        or parts.gone_at is not null
    union all
    select
        parts.selected_id,
        parts.is_other,
        pruned.family,
        pruned.cost_nano / 1e9,
        nullif(pruned.currency, ''),
        pruned.total_tokens
    from parts
    cross join pruned_calls as pruned on pruned.run_id = parts.run_id
),

-- A call without a known price is in the row of those with one.
costs as materialized (
    select
        selected_id,
        is_other,
        step,
        coalesce(currency, usual_currency) as currency,
        sum(cost) as cost,
        sum(tokens) as tokens
    from (
        select
            *,
            max(currency) over (partition by selected_id, step) as usual_currency
        from calls_made
    )
    group by selected_id, is_other, step, coalesce(currency, usual_currency)
),

-- The rows: each step of either run, in each currency that it was paid in.
keys as (
    select
        selected_id,
        step,
        currency
    from costs
    union
    select
        works.selected_id,
        works.step,
        null
    from works
    left join costs
        on
            costs.selected_id = works.selected_id
            and costs.step = works.step
    where costs.selected_id is null
),

-- The last part says why there is nothing to compare.
compared as (
    select
        chosen.id,
        keys.step,
        works.status,
        other_works.status as with_status,
        works.duration_ms,
        other_works.duration_ms as with_duration_ms,
        works.duration_ms - other_works.duration_ms as difference_ms,
        works.attempts,
        other_works.attempts as with_attempts,
        round(costs.cost, 6) as cost,
        round(other_costs.cost, 6) as with_cost,
        works.error,
        costs.tokens,
        other_costs.tokens as with_tokens,
        keys.currency,
        coalesce(works.place, other_works.place) as place
    from chosen
    cross join keys on keys.selected_id = chosen.id
    left join works
        on
            works.selected_id = chosen.id
            and works.step = keys.step
            and not works.is_other
    left join works as other_works
        on
            other_works.selected_id = chosen.id
            and other_works.step = keys.step
            and other_works.is_other
    left join costs
        on
            costs.selected_id = chosen.id
            and costs.step is keys.step
            and costs.currency is keys.currency
            and not costs.is_other
    left join costs as other_costs
        on
            other_costs.selected_id = chosen.id
            and other_costs.step is keys.step
            and other_costs.currency is keys.currency
            and other_costs.is_other
    union all
    select
        chosen.id,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        case
            when chosen.with_id is null and :with = ''
                then
                    'No other run of its pipeline and kind completed before '
                    || chosen.source_key || ': name one to compare it with.'
            when chosen.with_id is null
                then 'There is no run ' || :with || ' in ' || chosen.source || ': choose another one.'
            when chosen.with_id = chosen.id then 'Both runs are ' || chosen.source_key || ': choose another one.'
            else 'Neither run has recorded steps or calls.'
        end,
        null,
        null,
        null,
        null
    from chosen
    where not exists (select 1 from keys where keys.selected_id = chosen.id)
)

select
    compared.step,
    compared.status,
    compared.with_status,
    compared.duration_ms,
    compared.with_duration_ms,
    compared.difference_ms,
    compared.attempts,
    compared.with_attempts,
    compared.cost,
    compared.with_cost,
    compared.error,
    compared.tokens,
    compared.with_tokens,
    compared.currency,
    chosen.source,
    chosen.source_key as run,
    other.source_key as with_run,
    pipelines.name as pipeline
from compared
join chosen on chosen.id = compared.id
left join runs as other on other.id = chosen.with_id
left join pipelines on pipelines.id = chosen.pipeline_id
order by chosen.source, compared.place is null, compared.place, compared.step, compared.currency
