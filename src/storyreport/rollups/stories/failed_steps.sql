/*
description: >-
  Steps of stories whose latest attempt failed, by the step run; and failed runs in which no step has, by minus the run.
  The story is its key in the source.
grain: source, story, failure
from: story_attempts
findings: true
key:
  source_id: references sources
  story: text
  failure: integer
values:
  failed_at: text null
meanings:
  failure: the step run's id; minus the run's where no step of it failed
  failed_at: when it failed
indexes:
  at: (failed_at desc)
*/
select
    attempts.source_id,
    attempts.story,
    coalesce(attempts.step_run_id, -attempts.run_id) as failure,
    attempts.at as failed_at
from story_attempts as attempts
left join (
    select distinct
        source_id,
        story,
        run_id
    from story_attempts
    where
        step_run_id is not null
        and status = 'failed'
) as explained
    on
        explained.source_id = attempts.source_id
        and explained.story = attempts.story
        and explained.run_id = attempts.run_id
        and attempts.step_run_id is null
where
    attempts.is_latest = 1
    and attempts.status = 'failed'
    and attempts.is_settled = 0
    and explained.run_id is null
