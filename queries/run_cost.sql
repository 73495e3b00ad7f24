/*
title: Cost of a run
description: >-
  Calls, tokens and cost of a run by currency, against the median cost of runs like it. The median is of completed runs
  of the same source, pipeline and kind on the 28 days before the run's day, the last 200 of them; it is empty for fewer
  than 20 with a known cost in the currency. A batch has the calls of its stories, too. Calls without a known cost are
  counted as unpriced.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  run: {type: text, help: the run's key (required)}
*/
with selected as materialized (
    select
        runs.*,
        sources.name as source
    from sources
    cross join runs
        on
            runs.source_id = sources.id
            and runs.source_key = :run
    where :source in ('', sources.name)
),

-- The last runs of its kind before its day, as an index has them.
earlier as (
    select
        runs.id,
        selected.id as selected_id
    from selected
    cross join runs
        on
            runs.id in (
                select before.id
                from runs as before
                where
                    before.source_id = selected.source_id
                    and before.pipeline_id is selected.pipeline_id
                    and before.day >= date(selected.day, '-28 days')
                    and before.day < selected.day
                    and before.kind = selected.kind
                    and before.status = 'completed'
                order by before.day desc, before.id desc
                limit 200
            )
),

counted as (
    select
        id,
        id as selected_id
    from selected
    union all
    select
        id,
        selected_id
    from earlier
),

priced as (
    select
        counted.selected_id,
        counted.id,
        parts.id as part_id
    from counted
    cross join runs as parts
        on
            parts.id = counted.id
            or parts.parent_id = counted.id
),

costs as materialized (
    select
        selected_id,
        run_id,
        currency,
        sum(calls) as calls,
        sum(total_tokens) as total_tokens,
        sum(cost) as cost,
        sum(unpriced_calls) as unpriced_calls
    from (
        select
            priced.selected_id,
            priced.id as run_id,
            case when calls.price is null then '' else coalesce(calls.price_currency, '') end as currency,
            calls.calls,
            coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as total_tokens,
            calls.price as cost,
            calls.unpriced_calls
        from priced
        cross join priced_calls as calls on calls.run_id = priced.part_id
        union all
        select
            priced.selected_id,
            priced.id,
            coalesce(pruned.currency, ''),
            pruned.calls,
            pruned.total_tokens,
            pruned.cost_nano / 1e9,
            pruned.unpriced_calls
        from priced
        cross join pruned_calls as pruned on pruned.run_id = priced.part_id
    )
    group by selected_id, run_id, currency
),

medians as (
    select
        selected_id,
        currency,
        min(case when 2 * place >= runs then cost end) as usual_cost
    from (
        select
            selected_id,
            currency,
            cost,
            row_number() over (partition by selected_id, currency order by cost) as place,
            count(*) over (partition by selected_id, currency) as runs
        from costs
        where
            run_id <> selected_id
            and cost is not null
    )
    where runs >= 20
    group by selected_id, currency
)

select
    selected.source,
    selected.source_key as run,
    costs.calls,
    costs.total_tokens,
    round(costs.cost, 6) as cost,
    nullif(costs.currency, '') as currency,
    round(medians.usual_cost, 6) as usual_cost,
    round(100.0 * (costs.cost - medians.usual_cost) / nullif(medians.usual_cost, 0), 2) as more_pct,
    costs.unpriced_calls,
    pipelines.name as pipeline
from selected
join costs
    on
        costs.selected_id = selected.id
        and costs.run_id = selected.id
left join medians
    on
        medians.selected_id = costs.selected_id
        and medians.currency = costs.currency
left join pipelines on pipelines.id = selected.pipeline_id
order by selected.source, costs.cost desc, costs.currency
