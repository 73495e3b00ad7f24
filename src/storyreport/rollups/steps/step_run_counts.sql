/*
kind: intermediate
description: How many step runs of a step and day are alike, as finely as the rollups of steps need.
grain: step, day, duration bucket, kind of attempt, acceptance, status
group: [step_id, day, source_id]
dirty:
  step_runs: [step_id, day, source_id]
# Nearly every row belongs to a group, so that a new source's rows are read as they lie.
rows:
  step_runs: [step_id, day]
# Whether a later attempt is a recovery depends on the earlier ones; and a family's steps go together.
widen: |
  select
      later.step_id,
      later.day,
      later.source_id
  from dirty_step_run_counts as dirty
  cross join step_runs as earlier
      on
          earlier.step_id = dirty.step_id
          and earlier.day = dirty.day
  cross join same_work as later
      on
          later.step_run_id = earlier.id
          and later.attempt > 1
  union
  select
      siblings.id,
      dirty.day,
      siblings.source_id
  from dirty_step_run_counts as dirty
  join steps on steps.id = dirty.step_id
  join steps as siblings
      on
          siblings.source_id = steps.source_id
          and siblings.family = steps.family
          and coalesce(siblings.pipeline_id, 0) = coalesce(steps.pipeline_id, 0)
covers: |
  (day, source_id, family, pipeline_id) in (
      select
          dirty.day,
          steps.source_id,
          steps.family,
          coalesce(steps.pipeline_id, 0)
      from dirty_step_run_counts as dirty
      join steps on steps.id = dirty.step_id
  )
frozen: by day
# All attempts at the same work: whether one is a retry or a recovery depends on the others.
difference:
  step_runs: |
    select id
    from touched_step_runs
    union
    select others.id
    from touched_step_runs as touched
    cross join step_runs as others
        on
            others.story_id = touched.story_id
            and others.step_id = touched.step_id
    union
    select others.id
    from touched_step_runs as touched
    cross join step_runs as others
        on
            others.story_key = touched.story_key
            and +others.step_id = touched.step_id
    union
    select others.id
    from touched_step_runs as touched
    cross join step_runs as others
        on
            others.run_id = touched.run_id
            and +others.step_id = touched.step_id
    where
        touched.story_id is null
        and touched.story_key is null
lost: |
  select
      steps.id,
      lost.day,
      lost.source_id
  from lost
  join steps
      on
          steps.source_id = lost.source_id
          and steps.family = lost.family
*/
-- A CASE looks further only where it must; of an AND, SQLite computes both sides.
-- With the index of steps and days, rows of all sources would be read for those of a new one.
select
    +step_runs.step_id as step_id,
    step_runs.day,
    -- Work that was done and then not accepted took its time, too.
    case
        when step_runs.status = 'completed' then duration_bucket(step_runs.duration_ms)
        when step_runs.status = 'failed' and step_runs.acceptance_passed = 0
            then duration_bucket(step_runs.duration_ms)
    end as bucket,
    case when step_runs.attempt > 1 then 1 else 0 end as is_retry,
    step_runs.acceptance_passed,
    step_runs.status,
    sum(
        case
            when coalesce(step_runs.attempt, 0) <> 2 then 0
            when
                exists (
                    select 1
                    from same_work as earlier
                    where
                        earlier.step_run_id = step_runs.id
                        and earlier.attempt = 1
                        and earlier.status = 'failed'
                )
                then 1
            else 0
        end
    ) as retried,
    sum(
        case
            when coalesce(step_runs.attempt, 1) = 1 or coalesce(step_runs.status, '') <> 'completed' then 0
            when
                exists (
                    select 1
                    from same_work as earlier
                    where
                        earlier.step_run_id = step_runs.id
                        and earlier.attempt < step_runs.attempt
                        and earlier.status = 'completed'
                )
                then 0
            else 1
        end
    ) as recovered,
    -- Of earlier attempts that are not recorded it is not known how they ended; what was left out or stopped did not
    -- fail.
    sum(
        case
            when coalesce(step_runs.attempt, 1) = 1 or coalesce(step_runs.status, '') <> 'completed' then 0
            when
                exists (
                    select 1
                    from same_work as earlier
                    where
                        earlier.step_run_id = step_runs.id
                        and earlier.attempt < step_runs.attempt
                        and earlier.status not in ('cancelled', 'skipped')
                )
                then 0
            else 1
        end
    ) as unexplained,
    count(*) as step_runs,
    sum(step_runs.duration_ms) as total_ms,
    max(step_runs.duration_ms) as max_ms
from dirty_step_runs as step_runs
where
    step_runs.status in ('completed', 'failed')
    or step_runs.acceptance_passed is not null
group by
    +step_runs.step_id,
    step_runs.day,
    case
        when step_runs.status = 'completed' then duration_bucket(step_runs.duration_ms)
        when step_runs.status = 'failed' and step_runs.acceptance_passed = 0
            then duration_bucket(step_runs.duration_ms)
    end,
    case when step_runs.attempt > 1 then 1 else 0 end,
    step_runs.acceptance_passed,
    step_runs.status
