/*
description: >-
  Stories by their state at each step family and pipeline, by the day on which they were registered. The state is that
  of the latest attempt, by time. Instead of a day, a story that is missing has its key, after 'missing '.
grain: day of the story, source, step family, state, pipeline
key:
  day: text
  source_id: references sources
  family: text
  status: text
  pipeline_id: integer
values:
  stories: integer
meanings:
  day: the day on which the stories were registered; `missing ` and its key for a story that is missing
  status: the state of the stories' latest attempt
  stories: stories in this state
total:
  name: step_states
  key: [source_id, family, status, pipeline_id]
group: [source_id, day]
dirty:
  stories: [source_id, day]
  step_runs: |
    select
        {row}.source_id,
        coalesce((select day from stories where id = {row}.story_id), 'missing ' || {row}.story_key, '')
all: |
  select
      source_id,
      day
  from stories
  where source_id = :source_id
  union
  select
      source_id,
      'missing ' || story_key
  from step_runs
  where
      source_id = :source_id
      and (story_key is not null or run_key is not null)
      and story_key is not null
# Of what was pruned it is not known any more.
frozen: |
  exists (
      select 1
      from stories
      where
          stories.source_id = {row}.source_id
          and stories.day = {row}.day
          and stories.pruned_at is not null
  )
# All that was done for the same stories.
difference:
  stories: |
    select id
    from touched_stories
    union
    select story_id
    from touched_step_runs
    where story_id is not null
  step_runs: |
    select id
    from touched_step_runs
    union
    select step_runs.id
    from bound_stories
    cross join step_runs on step_runs.story_id = bound_stories.id
    union
    select others.id
    from touched_step_runs as touched
    cross join step_runs as others
        on
            others.story_key = touched.story_key
            and +others.source_id = touched.source_id
oracle: |
  select
      source_id,
      day,
      count(*) as stories
  from (
      select distinct
          step_runs.source_id,
          coalesce(stories.day, 'missing ' || step_runs.story_key) as day,
          coalesce(stories.source_key, step_runs.story_key) as story,
          steps.family,
          steps.pipeline_id
      from step_runs
      join steps on steps.id = step_runs.step_id
      left join stories on stories.id = step_runs.story_id
      where
          step_runs.gone_at is null
          and stories.gone_at is null
          and coalesce(stories.source_key, step_runs.story_key) is not null
  )
  group by source_id, day
*/
with worked as (
    select
        stories.day,
        stories.source_id,
        stories.id as story_id,
        null as missing_story,
        step_runs.step_id,
        step_runs.status,
        step_runs.attempt,
        step_runs.source_key,
        coalesce(step_runs.last_activity_at, step_runs.ended_at, step_runs.started_at, step_runs.queued_at, '')
            as seen_at
    from dirty_state_days as dirty
    cross join stories
        on
            stories.source_id = dirty.source_id
            and stories.day = dirty.day
    cross join step_runs on step_runs.story_id = stories.id
    where
        stories.gone_at is null
        and step_runs.gone_at is null
    union all
    select
        dirty.day,
        step_runs.source_id,
        null,
        step_runs.story_key,
        step_runs.step_id,
        step_runs.status,
        step_runs.attempt,
        step_runs.source_key,
        coalesce(step_runs.last_activity_at, step_runs.ended_at, step_runs.started_at, step_runs.queued_at, '')
    from dirty_state_days as dirty
    cross join step_runs
        on
            step_runs.story_key = substr(dirty.day, length('missing ') + 1)
            and +step_runs.source_id = dirty.source_id
    where
        dirty.day like 'missing %'
        and step_runs.gone_at is null
),

-- Numbers are sorted in half the time of names.
families as (
    select
        id as step_id,
        family,
        coalesce(pipeline_id, 0) as pipeline_id,
        min(id) over (partition by source_id, family, pipeline_id) as family_id
    from steps
),

ranked as (
    select
        worked.day,
        worked.source_id,
        families.family,
        families.pipeline_id,
        coalesce(worked.status, 'unknown') as status,
        row_number() over (
            partition by worked.story_id, worked.missing_story, families.family_id
            order by worked.seen_at desc, worked.attempt desc, worked.source_key desc
        ) as place
    from worked
    cross join families on families.step_id = worked.step_id
)

select
    day,
    source_id,
    family,
    status,
    pipeline_id,
    count(*) as stories
from ranked
where place = 1
group by day, source_id, family, status, pipeline_id
