-- Step runs of stories by the story's key, where the source has no such row or has deleted it: those that name the
-- story, and those of its runs that name none.
select
    source_id,
    story_key,
    id as step_run_id
from step_runs
where
    story_key is not null
    and gone_at is null
union all
select
    runs.source_id,
    runs.story_key,
    step_runs.id
from runs
cross join step_runs on step_runs.run_id = runs.id
where
    runs.story_key is not null
    and step_runs.story_id is null
    and step_runs.story_key is null
    and step_runs.gone_at is null
