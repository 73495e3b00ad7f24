/*
title: Recent runs
description: >-
  The latest runs, up to the limit, newest first unless another order is chosen. Newest is by the end of a run, or by
  its start while it runs. Usual is the median duration (within 1 %) of completed runs of the same source, pipeline and
  kind on the 28 days before the run's day; it is empty for fewer than 20. Only what completed is called slower.
  Attempts are the executions of steps in the run; of a lake, they are known of the 200 latest runs. A run paid in two
  currencies has two rows. Ordered by slower, those furthest above their usual come first, by cost the most expensive
  (amounts are not converted); without since, both look at the last 7 days only.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  hours: {type: hours, help: only the last hours}
  status: {type: text, help: one status only}
  story: {type: text, help: one story only}
  step: {type: step, help: only runs that executed this step}
  order: {type: choice, choices: [newest, slower, cost], default: newest, help: what comes first}
  limit: {type: whole, default: 100, help: maximum number of runs}
headline:
  - '{rows:run}: {status.counts}.'
  - 'The first, {run[0]}, took {duration_ms[0]}.'
  - 'The first cost {cost[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: run, type: nominal}
    x: {field: duration_ms, type: quantitative, title: duration}
    color: {field: status, type: nominal}
*/
-- An index leads to the day of the last run within the limit; runs since then are few, and their order is exact. A
-- story's runs have an index of their own. Another order than that of time needs all runs of a period, which is short.
with recursive last_days as (
    select
        max(
            (
                select max(runs.day)
                from runs
                where
                    runs.source_id = sources.id
                    and runs.day <= coalesce(nullif(:until, ''), '9999-12-31')
            )
        ) as day
    from sources
    where :source in ('', sources.name)
),

-- A status that few runs have is looked up: without its index, all runs would be looked at for the last ones. Compared
-- with a bare parameter, the index's own condition would have SQLite plan the query anew each time.
rare as materialized (
    select id as source_id
    from sources
    where
        :status not in ('', 'completed')
        and not exists (
            select 1
            from runs
            where
                runs.source_id = sources.id
                and runs.status = nullif(:status, '')
                and runs.status <> 'completed'
            limit 1 offset 5000
        )
),

first_days as materialized (
    select
        sources.id as source_id,
        case when :order <> 'newest' then coalesce(nullif(:since, ''), date(last_days.day, '-6 days'), '') end
            as ordered_day,
        rare.source_id is not null as is_rare,
        coalesce(
            (
                select newest.day
                from runs as newest
                where
                    rare.source_id is null
                    and newest.source_id = sources.id
                    and newest.day >= :since
                    and newest.day <= coalesce(nullif(:until, ''), '9999-12-31')
                    and (:until = '' or newest.day <> '')
                    -- What is to come is in no last hours.
                    and (
                        :hours = ''
                        or coalesce(newest.ended_at, newest.started_at, newest.queued_at)
                        <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
                    )
                    and (:status = '' or newest.status = :status)
                    and (:pipeline = '' or newest.pipeline_id in (select id from pipelines where name = :pipeline))
                    and (
                        :step = ''
                        or exists (
                            select 1
                            from step_runs
                            cross join steps on steps.id = step_runs.step_id
                            where
                                step_runs.run_id = newest.id
                                and :step in (steps.name, steps.family)
                        )
                    )
                order by newest.day desc
                limit 1 offset max(cast(:limit as integer), 1) - 1
            ),
            :since
        ) as day
    from sources
    cross join last_days
    left join rare on rare.source_id = sources.id
    where
        :source in ('', sources.name)
        -- Of a source without the pipeline or the step, all runs would be looked at.
        and (:pipeline = '' or sources.id in (select source_id from pipelines where name = :pipeline))
        and (:step = '' or sources.id in (select source_id from steps where :step in (name, family)))
),

-- The days of the period on which runs cost something, one step in an index each.
cost_days as (
    select
        source_id,
        (
            select min(costs.day)
            from rollup_run_costs as costs
            where
                costs.source_id = first_days.source_id
                and costs.is_largest = 1
                and costs.day >= first_days.ordered_day
        ) as day
    from first_days
    where
        :order = 'cost'
        and :story = ''
    union all
    select
        source_id,
        (
            select min(costs.day)
            from rollup_run_costs as costs
            where
                costs.source_id = cost_days.source_id
                and costs.is_largest = 1
                and costs.day > cost_days.day
        )
    from cost_days
    where day <= coalesce(nullif(:until, ''), '9999-12-31')
),

candidates as (
    select runs.id
    from first_days
    cross join runs
        on
            runs.source_id = first_days.source_id
            -- Runs without a cost follow the most expensive ones, the newest first.
            and runs.day >= case
                when :order = 'slower' then first_days.ordered_day
                else max(first_days.day, coalesce(first_days.ordered_day, ''))
            end
    where
        :story = ''
        and first_days.is_rare = 0
    union
    select runs.id
    from first_days
    cross join runs
        on
            runs.source_id = first_days.source_id
            and runs.status = nullif(:status, '')
            and runs.status <> 'completed'
            and runs.day >= max(first_days.day, coalesce(first_days.ordered_day, ''))
    where
        :story = ''
        and first_days.is_rare = 1
    union
    select runs.id
    from cost_days
    cross join runs
        on
            runs.id in (
                select costs.run_id
                from rollup_run_costs as costs
                cross join runs as paid on paid.id = costs.run_id
                where
                    costs.source_id = cost_days.source_id
                    and costs.day = cost_days.day
                    and costs.is_largest = 1
                    and (:status = '' or paid.status = :status)
                    and (:pipeline = '' or paid.pipeline_id in (select id from pipelines where name = :pipeline))
                order by costs.cost_nano desc, costs.run_id desc
                limit case when :step || :hours = '' then max(cast(:limit as integer), 0) else -1 end
            )
    union all
    select runs.id
    from stories
    cross join runs on runs.story_id = stories.id
    where
        :story <> ''
        and stories.source_id in (select source_id from first_days)
        and stories.source_key = :story
    union all
    -- Of a story that is missing, or was deleted.
    select runs.id
    from runs
    where
        :story <> ''
        and runs.story_key = :story
        and runs.source_id in (select source_id from first_days)
),

considered as materialized (
    select
        runs.id,
        runs.source_id,
        coalesce(runs.pipeline_id, 0) as pipeline_id,
        runs.kind,
        runs.day,
        runs.status,
        runs.duration_ms,
        coalesce(runs.ended_at, runs.started_at, runs.queued_at, '') as latest_at
    from candidates
    cross join runs on runs.id = candidates.id
    where
        runs.day >= :since
        and runs.day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or runs.day <> '')
        and (
            :hours = ''
            or (
                coalesce(runs.ended_at, runs.started_at, runs.queued_at)
                > strftime('%Y-%m-%dT%H:%M:%fZ', julianday('now') - cast(:hours as real) / 24)
                and coalesce(runs.ended_at, runs.started_at, runs.queued_at) <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
            )
        )
        and (:status = '' or runs.status = :status)
        and (:pipeline = '' or runs.pipeline_id in (select id from pipelines where name = :pipeline))
        and (
            :step = ''
            or exists (
                select 1
                from step_runs
                cross join steps on steps.id = step_runs.step_id
                where
                    step_runs.run_id = runs.id
                    and :step in (steps.name, steps.family)
            )
        )
    order by latest_at desc, runs.id desc
    -- -1 is no limit.
    limit case when :order = 'newest' then max(cast(:limit as integer), 0) else -1 end
),

usual_paces as materialized (
    select
        durations.source_id,
        durations.pipeline_id,
        durations.kind,
        durations.day,
        durations.usual_ms
    from (
        select distinct
            source_id,
            pipeline_id,
            kind,
            day
        from considered
        where
            :order = 'slower'
            and status = 'completed'
            and day <> ''
    ) as days
    cross join usual_run_durations as durations
        on
            durations.source_id = days.source_id
            and durations.pipeline_id = days.pipeline_id
            and durations.kind = days.kind
            and durations.day = days.day
),

-- What comes first, where it is not the newest.
ranks as (
    select
        considered.id as run_id,
        1.0 * considered.duration_ms / nullif(usual_paces.usual_ms, 0) as height
    from usual_paces
    join considered
        on
            considered.source_id = usual_paces.source_id
            and considered.pipeline_id = usual_paces.pipeline_id
            and considered.kind = usual_paces.kind
            and considered.day = usual_paces.day
    where considered.status = 'completed'
    union all
    select
        considered.id,
        costs.cost_nano
    from considered
    cross join rollup_run_costs as costs
        on
            costs.run_id = considered.id
            and costs.is_largest = 1
    where :order = 'cost'
),

listed as materialized (
    select
        runs.*,
        best.latest_at,
        best.height,
        lakes.source_id is null or best.latest_at > lakes.whole_runs_since as is_whole
    from (
        select
            considered.id,
            considered.latest_at,
            ranks.height
        from considered
        left join ranks on ranks.run_id = considered.id
        order by ranks.height desc, considered.latest_at desc, considered.id desc
        limit max(cast(:limit as integer), 0)
    ) as best
    cross join runs on runs.id = best.id
    left join lakes on lakes.source_id = runs.source_id
),

usual as materialized (
    select
        durations.source_id,
        durations.pipeline_id,
        durations.kind,
        durations.day,
        durations.usual_ms
    from (
        select distinct
            source_id,
            coalesce(pipeline_id, 0) as pipeline_id,
            kind,
            day
        from listed
        where day <> ''
    ) as days
    cross join usual_run_durations as durations
        on
            durations.source_id = days.source_id
            and durations.pipeline_id = days.pipeline_id
            and durations.kind = days.kind
            and durations.day = days.day
)

select
    sources.name as source,
    listed.kind,
    listed.source_key as run,
    coalesce(stories.source_key, listed.story_key) as story,
    listed.status,
    coalesce(listed.started_at, listed.queued_at) as started_at,
    listed.duration_ms,
    usual.usual_ms,
    case
        when listed.status = 'completed'
            then round(100.0 * (listed.duration_ms - usual.usual_ms) / nullif(usual.usual_ms, 0), 2)
    end as slower_pct,
    case
        when listed.is_whole
            then (
                select sum(case when step_runs.status = 'failed' then 1 else 0 end)
                from step_runs
                where step_runs.run_id = listed.id
            )
    end as failed_steps,
    case
        when listed.is_whole
            then (
                select nullif(count(*), 0)
                from step_runs
                where step_runs.run_id = listed.id
            )
    end as attempts,
    round(costs.cost_nano / 1e9, 6) as cost,
    nullif(costs.currency, '') as currency,
    coalesce(
        listed.error_message,
        (
            select step_runs.error_message
            from step_runs
            where
                step_runs.run_id = listed.id
                and listed.status = 'failed'
                and step_runs.status = 'failed'
            order by step_runs.ended_at desc, step_runs.source_key desc
            limit 1
        ),
        remembered.error
    ) as error,
    pipelines.name as pipeline
from listed
left join pipelines on pipelines.id = listed.pipeline_id
join sources on sources.id = listed.source_id
left join stories on stories.id = listed.story_id
left join usual
    on
        usual.source_id = listed.source_id
        and usual.pipeline_id = coalesce(listed.pipeline_id, 0)
        and usual.kind = listed.kind
        and usual.day = listed.day
left join rollup_run_costs as costs on costs.run_id = listed.id
left join pruned_failures as remembered on remembered.run_id = listed.id
order by listed.height desc, listed.latest_at desc, listed.id desc, costs.currency
