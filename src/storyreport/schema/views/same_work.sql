-- Attempts at one piece of work: a step of a story (by its key where that leads nowhere) or, without one, of a run.
-- Each row of step_runs has a row for each of the attempts at its work, itself included.
select
    step_runs.id as step_run_id,
    others.step_id,
    others.source_id,
    others.day,
    others.attempt,
    others.status
from step_runs
cross join step_runs as others
    on
        others.story_id = step_runs.story_id
        and others.step_id = step_runs.step_id
union all
select
    step_runs.id,
    others.step_id,
    others.source_id,
    others.day,
    others.attempt,
    others.status
from step_runs
cross join step_runs as others
    on
        others.story_key = step_runs.story_key
        and +others.step_id = step_runs.step_id
union all
select
    step_runs.id,
    others.step_id,
    others.source_id,
    others.day,
    others.attempt,
    others.status
from step_runs
cross join step_runs as others
    on
        others.run_id = step_runs.run_id
        and +others.step_id = step_runs.step_id
where
    step_runs.story_id is null
    and step_runs.story_key is null
    and others.story_id is null
    and others.story_key is null
