/*
description: >-
  The stories that each error struck, by pipeline. stories is 1 in one row of a story and error, so that it adds up to
  stories.
grain: story, error, pipeline
key:
  story_id: references stories
  error_id: references errors
  pipeline_id: integer
values:
  source_id: references sources
  first_day: text
  last_day: text
  stories: integer
  stories_of_pipeline: integer
meanings:
  stories: 1 in the first row of a story and error, else 0
  stories_of_pipeline: 1 in each row
indexes:
  days: (error_id, last_day, first_day, source_id)
total:
  name: error_stories
  key: [error_id, source_id, pipeline_id]
group: [story_id]
dirty:
  calls: |
    select {row}.story_id
    where
        {row}.story_id is not null
        and {row}.error_id is not null
  runs: |
    select {row}.story_id
    where
        {row}.story_id is not null
        and {row}.error_id is not null
  # A run's error counts where nothing within the run has one.
  step_runs: |
    select {row}.story_id
    where
        {row}.story_id is not null
        and {row}.error_id is not null
    union
    select runs.story_id
    from runs
    where
        runs.id = {row}.run_id
        and runs.error_id is not null
        and runs.story_id is not null
all: |
  select story_id
  from step_runs
  where
      source_id = :source_id
      and error_id is not null
      and story_id is not null
  union
  select story_id
  from runs
  where
      source_id = :source_id
      and error_id is not null
      and story_id is not null
  union
  select story_id
  from calls
  where
      source_id = :source_id
      and error_id is not null
      and story_id is not null
  union
  select story_id
  from pruned_errors
  where source_id = :source_id
remember: pruned_errors
oracle: |
  select
      source_id,
      count(*) as stories
  from (
      select
          source_id,
          story_id,
          error_id
      from step_runs
      union
      select
          source_id,
          story_id,
          error_id
      from calls
      union
      select
          source_id,
          story_id,
          error_id
      from runs
      where
          pruned_at is null
          and id not in (select run_id from step_runs where error_id is not null and run_id is not null)
      union
      select
          source_id,
          story_id,
          error_id
      from pruned_errors
  )
  where
      story_id is not null
      and error_id is not null
  group by source_id
*/
select
    story_id,
    error_id,
    pipeline_id,
    source_id,
    min(day) as first_day,
    max(day) as last_day,
    case row_number() over (partition by story_id, error_id order by pipeline_id) when 1 then 1 else 0 end as stories,
    1 as stories_of_pipeline
from (
    select
        step_runs.story_id,
        step_runs.source_id,
        step_runs.error_id,
        coalesce(steps.pipeline_id, 0) as pipeline_id,
        step_runs.day
    from dirty_story_errors as dirty
    cross join step_runs on step_runs.story_id = dirty.story_id
    cross join steps on steps.id = step_runs.step_id
    where step_runs.error_id is not null
    union all
    select
        runs.story_id,
        runs.source_id,
        runs.error_id,
        coalesce(runs.pipeline_id, 0),
        runs.day
    from dirty_story_errors as dirty
    cross join runs on runs.story_id = dirty.story_id
    where
        runs.error_id is not null
        and runs.pruned_at is null
        and not exists (
            select 1
            from step_runs
            where
                step_runs.run_id = runs.id
                and step_runs.error_id is not null
        )
    union all
    select
        calls.story_id,
        calls.source_id,
        calls.error_id,
        coalesce(calls.pipeline_id, 0),
        calls.day
    from dirty_story_errors as dirty
    cross join calls on calls.story_id = dirty.story_id
    where calls.error_id is not null
    union all
    select
        pruned.story_id,
        pruned.source_id,
        pruned.error_id,
        pruned.pipeline_id,
        pruned.day
    from dirty_story_errors as dirty
    cross join pruned_errors as pruned on pruned.story_id = dirty.story_id
) as struck
group by story_id, error_id, pipeline_id, source_id
