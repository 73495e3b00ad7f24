/*
kind: memory
description: Which stories, days and pipelines the errors of pruned detail struck.
grain: error, day, story, pipeline
key:
  error_id: references errors
  day: text
  story_id: references stories
  pipeline_id: integer
values:
  source_id: references sources
indexes:
  story: (story_id)
*/
-- A run's error counts where nothing within the run has one.
select
    error_id,
    day,
    story_id,
    coalesce((select pipeline_id from steps where id = step_runs.step_id), 0) as pipeline_id,
    source_id
from step_runs
where
    id in (select id from old_step_runs)
    and error_id is not null
    and story_id is not null
union
select
    error_id,
    day,
    story_id,
    coalesce(pipeline_id, 0),
    source_id
from calls
where
    id in (select id from old_calls)
    and error_id is not null
    and story_id is not null
union
select
    error_id,
    day,
    story_id,
    coalesce(pipeline_id, 0),
    source_id
from runs
where
    id in (select id from pruned_runs)
    and pruned_at is null
    and error_id is not null
    and story_id is not null
    and not exists (
        select 1
        from step_runs
        where
            step_runs.run_id = runs.id
            and step_runs.error_id is not null
    )
