/*
title: Slow runs
description: >-
  Completed runs of the last hours that took longer than is usual, the furthest above it first. Usual are the median
  and the p95 of completed runs of the same source, pipeline and kind on the 28 days before the run's day; a run is
  slow if it took longer than the p95. Runs with fewer than 20 before them are left out. Percentiles are within 1 %.
  compared_runs are all completed runs of these hours of the same source, pipeline and kind: one in twenty is usually
  slow.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  hours: {type: hours, default: 24, help: hours back}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
headline:
  - '{rows:run} took longer than usual, the furthest above it {run[0]}: {duration_ms[0]}, usually {usual_ms[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: run, type: nominal, sort: -x}
    x: {field: slower_pct, type: quantitative, title: slower than usual}
    color: {field: source, type: nominal}
*/
-- Days lead to the rows by an index; the moment decides.
with moment (since, as_of) as (
    select
        strftime('%Y-%m-%dT%H:%M:%fZ', julianday(:as_of) - cast(:hours as real) / 24),
        strftime('%Y-%m-%dT%H:%M:%fZ', :as_of)
),

ended as (
    select runs.*
    from moment
    cross join sources on :source in ('', sources.name)
    cross join runs
        on
            runs.source_id = sources.id
            and runs.day >= date(moment.since)
            and runs.day <= date(moment.as_of)
    where
        coalesce(runs.ended_at, runs.started_at, runs.queued_at) > moment.since
        and coalesce(runs.ended_at, runs.started_at, runs.queued_at) <= moment.as_of
        and runs.status = 'completed'
        and runs.duration_ms is not null
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
        from ended
    ) as days
    cross join usual_run_durations as durations
        on
            durations.source_id = days.source_id
            and durations.pipeline_id = days.pipeline_id
            and durations.kind = days.kind
            and durations.day = days.day
),

compared as materialized (
    select
        ended.*,
        usual.usual_ms,
        usual.p95_ms,
        count(*) over (partition by ended.source_id, ended.pipeline_id, ended.kind) as compared_runs
    from ended
    join usual
        on
            usual.source_id = ended.source_id
            and usual.pipeline_id = coalesce(ended.pipeline_id, 0)
            and usual.kind = ended.kind
            and usual.day = ended.day
)

select
    sources.name as source,
    ended.kind,
    ended.source_key as run,
    coalesce(stories.source_key, ended.story_key) as story,
    coalesce(ended.started_at, ended.queued_at) as started_at,
    ended.duration_ms,
    ended.usual_ms,
    ended.p95_ms,
    round(100.0 * (ended.duration_ms - ended.usual_ms) / nullif(ended.usual_ms, 0), 2) as slower_pct,
    pipelines.name as pipeline,
    ended.compared_runs
from compared as ended
join sources on sources.id = ended.source_id
left join pipelines on pipelines.id = ended.pipeline_id
left join stories on stories.id = ended.story_id
-- A bucket ends 1 % above its value.
where
    0.99 * ended.duration_ms > ended.p95_ms
    and (:pipeline = '' or pipelines.name = :pipeline)
order by slower_pct desc, ended.duration_ms desc, source, run
