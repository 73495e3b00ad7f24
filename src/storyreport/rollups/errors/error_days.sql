/*
description: >-
  How often each error occurred by source, pipeline, step family and day. Occurrences are step runs and calls that
  ended with the error, and runs of which nothing within did.
grain: day, source, error, step family, pipeline
key:
  day: text
  source_id: references sources
  error_id: references errors
  family: text
  pipeline_id: integer
values:
  occurrences: integer
  first_seen: text null, min
  last_seen: text null, max
meanings:
  family: the step family; empty for runs and for calls of no step
  occurrences: step runs and calls that ended with the error, and runs of which nothing within did
indexes:
  error: (error_id, source_id, family)
total:
  name: errors
  key: [error_id, source_id, family, pipeline_id]
group: [source_id, day]
dirty:
  calls: |
    select
        {row}.source_id,
        {row}.day
    where {row}.error_id is not null
  runs: |
    select
        {row}.source_id,
        {row}.day
    where {row}.error_id is not null
  # A run's error counts where nothing within the run has one.
  step_runs: |
    select
        {row}.source_id,
        {row}.day
    where {row}.error_id is not null
    union
    select
        runs.source_id,
        runs.day
    from runs
    where
        runs.id = {row}.run_id
        and runs.error_id is not null
all: |
  select
      source_id,
      day
  from step_runs
  where
      source_id = :source_id
      and error_id is not null
  union
  select
      source_id,
      day
  from runs
  where
      source_id = :source_id
      and error_id is not null
  union
  select
      source_id,
      day
  from calls
  where
      source_id = :source_id
      and error_id is not null
frozen: by day
oracle: |
  select
      source_id,
      day,
      count(*) as occurrences
  from (
      select
          source_id,
          day
      from step_runs
      where error_id is not null
      union all
      select
          source_id,
          day
      from calls
      where error_id is not null
      union all
      select
          source_id,
          day
      from runs
      where
          error_id is not null
          and id not in (select run_id from step_runs where error_id is not null and run_id is not null)
  )
  group by source_id, day
*/
select
    day,
    source_id,
    error_id,
    family,
    coalesce(pipeline_id, 0) as pipeline_id,
    count(*) as occurrences,
    min(seen_at) as first_seen,
    max(seen_at) as last_seen
from (
    select
        step_runs.day,
        step_runs.source_id,
        step_runs.error_id,
        steps.family,
        steps.pipeline_id,
        coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at) as seen_at
    from dirty_error_days as dirty
    cross join step_runs
        on
            step_runs.source_id = dirty.source_id
            and step_runs.day = dirty.day
            and step_runs.error_id is not null
    join steps on steps.id = step_runs.step_id
    union all
    select
        calls.day,
        calls.source_id,
        calls.error_id,
        coalesce(steps.family, '') as family,
        calls.pipeline_id,
        calls.called_at as seen_at
    from dirty_error_days as dirty
    cross join calls
        on
            calls.source_id = dirty.source_id
            and calls.day = dirty.day
            and calls.error_id is not null
    left join steps on steps.id = calls.step_id
    union all
    select
        runs.day,
        runs.source_id,
        runs.error_id,
        '' as family,
        runs.pipeline_id,
        coalesce(runs.ended_at, runs.last_activity_at, runs.started_at) as seen_at
    from dirty_error_days as dirty
    cross join runs
        on
            runs.source_id = dirty.source_id
            and runs.day = dirty.day
            and runs.error_id is not null
    where
        not exists (
            select 1
            from step_runs
            where
                step_runs.run_id = runs.id
                and step_runs.error_id is not null
        )
) as seen
group by day, source_id, error_id, family, coalesce(pipeline_id, 0)
