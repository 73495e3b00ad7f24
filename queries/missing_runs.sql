/*
title: Missing runs
description: >-
  Pipelines that ran regularly and have not run since, the one that is silent for longest first. A pipeline is listed
  that ran on at least 7 days of the 28 up to its last run, and has been silent for longer than its longest pause in
  them, in whole days, and two hours. What ran after a source's last ingest is not known: its pipelines are evaluated
  as of that time. A run counts at its end, or at its start while it runs. Pipelines whose last run is more than 28
  days ago are left out. Of a lake whose last run of a pipeline did not land, the end of its day counts.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
headline:
  - '{rows:pipeline} stopped.'
  - 'Silent for longest: {pipeline[0]}, for {silent_minutes[0]}.'
*/
-- The days of the last eight weeks on which each pipeline ran; those to come are a wrong clock's.
with moment (first_day, last_listed_day, as_of) as (
    select
        date(:as_of, '-56 days'),
        date(:as_of, '-28 days'),
        strftime('%Y-%m-%dT%H:%M:%fZ', :as_of)
),

pauses as (
    select
        days.source_id,
        days.pipeline_id,
        days.day,
        max(days.day) over (partition by days.source_id, days.pipeline_id) as last_day,
        julianday(days.day) - julianday(
            lag(days.day) over (
                partition by days.source_id, days.pipeline_id
                order by days.day
            )
        ) as pause_days
    from (
        select distinct
            runs.source_id,
            runs.pipeline_id,
            runs.day
        from moment
        cross join sources on :source in ('', sources.name)
        cross join rollup_run_days as runs
            on
                runs.source_id = sources.id
                and runs.day >= moment.first_day
                and runs.day <= date(moment.as_of)
    ) as days
),

regular as (
    select
        source_id,
        pipeline_id,
        last_day,
        count(*) as days_with_runs,
        cast(max(pause_days) as integer) as longest_pause_days
    from pauses
    where day > date(last_day, '-28 days')
    group by source_id, pipeline_id, last_day
    having count(*) >= 7
),

silent as (
    select
        regular.*,
        (
            select runs.id
            from runs
            where
                runs.source_id = regular.source_id
                and runs.pipeline_id is nullif(regular.pipeline_id, 0)
                and runs.day = regular.last_day
            order by coalesce(runs.ended_at, runs.started_at, runs.queued_at) desc, runs.id desc
            limit 1
        ) as run_id
    from moment
    cross join regular
    where
        regular.last_day >= moment.last_listed_day
        -- A day after the longest pause at the least.
        and regular.last_day <= date(moment.as_of, '-' || regular.longest_pause_days || ' days')
),

timed as (
    select
        silent.*,
        runs.source_key as run,
        coalesce(runs.ended_at, runs.started_at, runs.queued_at, silent.last_day || 'T23:59:59.999Z') as last_run_at
    from silent
    left join runs on runs.id = silent.run_id
),

measured as (
    select
        timed.*,
        cast(
            (
                julianday(min(moment.as_of, coalesce(states.last_ingest_at, states.rolled_up_at, moment.as_of)))
                - julianday(timed.last_run_at)
            ) * 1440 as integer
        ) as silent_minutes
    from moment
    cross join timed
    left join source_states as states on states.id = timed.source_id
)

select
    sources.name as source,
    measured.run,
    measured.last_run_at,
    measured.silent_minutes,
    measured.longest_pause_days,
    measured.days_with_runs,
    pipelines.name as pipeline
from measured
join sources on sources.id = measured.source_id
left join pipelines on pipelines.id = nullif(measured.pipeline_id, 0)
where
    measured.silent_minutes > 1440 * measured.longest_pause_days + 120
    and (:pipeline = '' or pipelines.name = :pipeline)
order by measured.silent_minutes desc, source, pipeline
