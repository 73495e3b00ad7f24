/*
description: >-
  Stories started and completed, runs completed and failed by source, pipeline and day. A story is completed when its
  source says so. Where the source has no status for it, it is with its first completed run; but where steps are
  numbered with its last step, which the rollup of steps counts.
grain: day, source, pipeline
from: day_runs
key:
  day: text
  source_id: references sources
  pipeline_id: integer
values:
  stories_started: integer
  stories_completed: integer
  runs_completed: integer
  runs_failed: integer
meanings:
  stories_started: stories created on this day
  stories_completed: stories completed on this day
  runs_completed: runs that completed
  runs_failed: runs that failed
oracle: |
  select
      source_id,
      day,
      sum(is_story) as stories_started,
      sum(case when status = 'completed' then 1 - is_story else 0 end) as runs_completed,
      sum(case when status = 'failed' then 1 - is_story else 0 end) as runs_failed
  from (
      select
          source_id,
          day,
          1 as is_story,
          status
      from stories
      union all
      select
          source_id,
          day,
          0,
          status
      from runs
  )
  group by source_id, day
*/
select
    day,
    source_id,
    pipeline_id,
    sum(stories_started) as stories_started,
    sum(stories_completed) as stories_completed,
    sum(runs_completed) as runs_completed,
    sum(runs_failed) as runs_failed
from (
    select
        stories.day,
        stories.source_id,
        coalesce(stories.pipeline_id, 0) as pipeline_id,
        1 as stories_started,
        0 as stories_completed,
        0 as runs_completed,
        0 as runs_failed
    from dirty_day_runs as dirty
    cross join stories
        on
            stories.source_id = dirty.source_id
            and stories.day = dirty.day
    union all
    select
        stories.end_day,
        stories.source_id,
        coalesce(stories.pipeline_id, 0),
        0,
        1,
        0,
        0
    from dirty_day_runs as dirty
    cross join stories
        on
            stories.source_id = dirty.source_id
            and stories.end_day = dirty.day
    where
        stories.ended_at is not null
        and stories.status = 'completed'
    union all
    select
        runs.day,
        runs.source_id,
        coalesce(stories.pipeline_id, runs.pipeline_id, 0),
        0,
        1,
        0,
        0
    from day_runs as runs
    join stories on stories.id = runs.story_id
    where
        runs.status = 'completed'
        and stories.status is null
        and runs.source_id not in (select source_id from steps where position is not null)
        and not exists (
            select 1
            from runs as earlier
            where
                earlier.story_id = runs.story_id
                and earlier.status = 'completed'
                and (
                    earlier.day < runs.day
                    or (earlier.day = runs.day and earlier.source_key < runs.source_key)
                )
        )
    union all
    -- A story that is missing is known by its key, and counts once a day.
    select
        missing.day,
        missing.source_id,
        missing.pipeline_id,
        0,
        1,
        0,
        0
    from (
        select
            day,
            source_id,
            story_key,
            min(coalesce(pipeline_id, 0)) as pipeline_id
        from day_runs
        where
            status = 'completed'
            and story_id is null
            and story_key is not null
        group by day, source_id, story_key
    ) as missing
    where
        missing.source_id not in (select source_id from steps where position is not null)
        -- A deleted story is still counted as its source had it.
        and not exists (
            select 1
            from stories
            where
                stories.source_id = missing.source_id
                and stories.source_key = missing.story_key
                and stories.status is not null
        )
    union all
    select
        day,
        source_id,
        coalesce(pipeline_id, 0),
        0,
        0,
        case when status = 'completed' then 1 else 0 end,
        case when status = 'failed' then 1 else 0 end
    from day_runs
    where status in ('completed', 'failed')
) as done
group by day, source_id, pipeline_id
