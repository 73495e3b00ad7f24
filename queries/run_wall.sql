/*
title: Last runs by pipeline
description: >-
  The last runs of each source and pipeline, newest first, the pipelines that ran last first. Where there are more of
  them than the limit, those with most failed runs on the last two days are chosen. Usual are the median and
  the p95 of completed runs of the same source, pipeline and kind on the 28 days before the run's day, empty for fewer
  than 20; a completed run that took longer than the p95 is slow. Percentiles are within 1 %.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  runs: {type: whole, default: 40, help: maximum number of runs of a pipeline}
  pipelines: {type: whole, default: 12, help: maximum number of pipelines}
*/
-- A row for each source and pipeline with runs, and one for the runs of a source without a pipeline.
with known as materialized (
    select
        owners.source_id,
        owners.pipeline_id,
        (
            select max(runs.day)
            from runs
            where
                runs.source_id = owners.source_id
                and runs.pipeline_id is owners.pipeline_id
        ) as last_day
    from (
        select
            sources.id as source_id,
            pipelines.id as pipeline_id
        from sources
        join pipelines on pipelines.source_id = sources.id
        where
            :source in ('', sources.name)
            and :pipeline in ('', pipelines.name)
        union all
        select
            id,
            null
        from sources
        where
            :source in ('', name)
            and :pipeline = ''
    ) as owners
    where
        exists (
            select 1
            from runs
            where
                runs.source_id = owners.source_id
                and runs.pipeline_id is owners.pipeline_id
        )
),

failing as (
    select
        runs.source_id,
        runs.pipeline_id,
        count(*) as runs
    from sources
    cross join runs
        on
            runs.source_id = sources.id
            and runs.status = 'failed'
            -- A day that is to come is a wrong clock's.
            and runs.day >= (select date(max(last_day), '-1 day') from known where last_day <= date('now'))
    group by runs.source_id, runs.pipeline_id
),

shown as (
    select
        known.*,
        coalesce(
            (
                select runs.day
                from runs
                where
                    runs.source_id = known.source_id
                    and runs.pipeline_id is known.pipeline_id
                order by runs.day desc
                limit 1 offset max(cast(:runs as integer), 1) - 1
            ),
            ''
        ) as first_day
    from known
    left join failing
        on
            failing.source_id = known.source_id
            and failing.pipeline_id is known.pipeline_id
    order by failing.runs desc, known.last_day desc, known.source_id, known.pipeline_id
    limit max(cast(:pipelines as integer), 0)
),

listed as (
    select *
    from (
        select
            runs.*,
            shown.last_day,
            coalesce(runs.ended_at, runs.started_at, runs.queued_at, '') as latest_at,
            row_number() over (
                partition by runs.source_id, runs.pipeline_id
                order by coalesce(runs.ended_at, runs.started_at, runs.queued_at, '') desc, runs.id desc
            ) as place
        from shown
        cross join runs
            on
                runs.source_id = shown.source_id
                and runs.pipeline_id is shown.pipeline_id
                and runs.day >= shown.first_day
    )
    where place <= cast(:runs as integer)
),

usual as materialized (
    select
        durations.source_id,
        durations.pipeline_id,
        durations.kind,
        durations.day,
        durations.usual_ms,
        durations.p95_ms
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
    usual.p95_ms,
    -- A bucket ends 1 % above its value.
    listed.status = 'completed' and 0.99 * listed.duration_ms > usual.p95_ms as is_slow,
    pipelines.name as pipeline
from listed
join sources on sources.id = listed.source_id
left join pipelines on pipelines.id = listed.pipeline_id
left join stories on stories.id = listed.story_id
left join usual
    on
        usual.source_id = listed.source_id
        and usual.pipeline_id = coalesce(listed.pipeline_id, 0)
        and usual.kind = listed.kind
        and usual.day = listed.day
order by listed.last_day desc, listed.source_id, listed.pipeline_id, listed.latest_at desc, listed.id desc
