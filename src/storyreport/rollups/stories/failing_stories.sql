/*
description: >-
  How many attempts of any step of a story have failed since the last one that did not, and whether its source calls the
  story blocked. The story is its key in the source.
grain: source, story
from: story_attempts
findings: true
key:
  source_id: references sources
  story: text
values:
  consecutive_failures: integer, none
  is_blocked: integer, none
  step_run_id: references step_runs null
  run_id: references runs null
  last_failed_at: text null
meanings:
  consecutive_failures: attempts that failed since the last one that did not
  is_blocked: 1 where the source calls the story blocked
  step_run_id: the last failed attempt
  run_id: the last run, where the story's runs have no steps that were tried
  last_failed_at: when the last attempt failed
indexes:
  failures: (consecutive_failures desc, last_failed_at desc)
  blocked: (source_id) where is_blocked
*/
select
    source_id,
    story,
    sum(is_failing_again) as consecutive_failures,
    max(
        case
            when is_called_blocked = 1 then 1
            when step_run_id is null and is_latest = 1 and status = 'blocked' then 1
            else 0
        end
    ) as is_blocked,
    max(case when is_failing_again = 1 and is_last = 1 then step_run_id end) as step_run_id,
    max(case when step_run_id is null and is_latest = 1 then run_id end) as run_id,
    max(case when is_failing_again = 1 then at end) as last_failed_at
from story_attempts
where is_settled = 0
group by source_id, story
having
    sum(is_failing_again) > 0
    or max(
        case
            when is_called_blocked = 1 then 1
            when step_run_id is null and is_latest = 1 and status = 'blocked' then 1
            else 0
        end
    ) = 1
