/*
kind: intermediate
description: The attempts at each story and where its last run stands. A step is what its latest attempt is, by time.
grain: story, attempt at a step or run of its own
group: [source_id, story]
# A row is done for a story by its key in the source, which may have no story of that key, or for a job without one.
dirty:
  stories: |
    select
        {row}.source_id,
        {row}.source_key
  step_runs: |
    select
        source_id,
        story
    from (
        select
            {row}.source_id as source_id,
            coalesce((select source_key from stories where id = {row}.story_id), {row}.story_key) as story
    )
    where story is not null
  runs: |
    select
        source_id,
        story
    from (
        select
            {row}.source_id as source_id,
            coalesce(
                (select source_key from stories where id = {row}.story_id),
                {row}.story_key,
                case when {row}.kind = 'job' then {row}.source_key end
            ) as story
    )
    where story is not null
  # Another step to wait for.
  steps: |
    select
        source_id,
        source_key
    from stories
    where
        source_id = {row}.source_id
        and {row}.position is not null
# The stories that may wait or fail: all but those of which every step was completed at last. Nearly all steps have no
# attempt that was not, which the index by story knows; otherwise the latest attempt decides, by time, as below.
all: |
  select
      source_id,
      source_key
  from stories
  where
      source_id = :source_id
      and (
          select coalesce(min(is_done), 0) = 0 or sum(is_numbered) < (
              select count(*)
              from steps
              where
                  source_id = :source_id
                  and position is not null
          )
          from (
              select
                  case
                      when sum(case when step_runs.status = 'completed' then 0 else 1 end) = 0 then 1
                      else (
                          select coalesce(
                              max(case when status = 'completed' and kind <> 'background_task' then seen_at end)
                              > max(case when status = 'completed' then '' else seen_at end),
                              0
                          )
                          from (
                              select
                                  status,
                                  kind,
                                  coalesce(last_activity_at, ended_at, started_at, queued_at, '') as seen_at
                              from step_runs as attempts
                              where
                                  attempts.story_id = stories.id
                                  and attempts.step_id = steps.id
                                  and attempts.gone_at is null
                          )
                      )
                  end as is_done,
                  case when steps.position is null then 0 else 1 end as is_numbered
              from step_runs
              cross join steps on steps.id = step_runs.step_id
              where step_runs.story_id = stories.id
              group by step_runs.step_id
          )
      )
  union
  select
      stories.source_id,
      stories.source_key
  from step_runs
  join stories on stories.id = step_runs.story_id
  where
      step_runs.gone_at is not null
      and +step_runs.source_id = :source_id
  union
  select
      source_id,
      source_key
  from stories
  where
      source_id = :source_id
      and status in ('queued', 'blocked')
  union
  select
      runs.source_id,
      coalesce(stories.source_key, runs.story_key, runs.source_key)
  from runs
  left join stories on stories.id = runs.story_id
  where
      runs.source_id = :source_id
      and runs.status in ('queued', 'blocked', 'failed')
      and runs.is_derived = 0
  union
  select
      source_id,
      story_key
  from step_runs
  where
      source_id = :source_id
      and story_key is not null
# Once detail of a story was pruned, its state stays as it is as long as nothing new is tried.
frozen: |
  exists (
      select 1
      from sources
      where
          sources.id = {row}.source_id
          and sources.detail_since is not null
  )
  and not exists (
      select 1
      from step_runs
      where
          step_runs.story_key = {row}.story
          and +step_runs.source_id = {row}.source_id
  )
  and not exists (
      select 1
      from stories
      left join step_runs on step_runs.story_id = stories.id
      where
          stories.source_id = {row}.source_id
          and stories.source_key = {row}.story
          and (stories.pruned_at is null or step_runs.id is not null)
  )
*/
-- Work that was settled since, by the story's own end or a run that completed, neither fails nor waits. A deleted story
-- is left out.
with dirty as (
    select
        dirty_stories.source_id,
        dirty_stories.story,
        stories.id as story_id,
        stories.status
    from dirty_story_attempts as dirty_stories
    left join stories
        on
            stories.source_id = dirty_stories.source_id
            and stories.source_key = dirty_stories.story
    where stories.gone_at is null
),

-- A derived run is no more than its steps.
story_runs as (
    select
        *,
        coalesce(started_at, queued_at, ended_at, '') as begun_at
    from (
        select
            dirty.story,
            runs.*
        from dirty
        cross join runs on runs.story_id = dirty.story_id
        union all
        select
            dirty.story,
            runs.*
        from dirty
        cross join runs
            on
                runs.story_key = dirty.story
                -- The key's index is wanted, not that of all orphans of the source.
                and +runs.source_id = dirty.source_id
        union all
        select
            dirty.story,
            runs.*
        from dirty
        cross join runs
            on
                runs.source_id = dirty.source_id
                and runs.source_key = dirty.story
        where
            runs.kind = 'job'
            and runs.story_id is null
            and runs.story_key is null
    ) as of_story
    where
        is_derived = 0
        and gone_at is null
),

ends as (
    select
        dirty.source_id,
        dirty.story,
        dirty.story_id,
        case when dirty.status in ('completed', 'cancelled', 'skipped') then 1 else 0 end as is_over,
        case when dirty.status = 'blocked' then 1 else 0 end as is_called_blocked,
        max(coalesce(story_runs.ended_at, story_runs.last_activity_at, story_runs.started_at)) as settled_at
    from dirty
    left join story_runs
        on
            story_runs.source_id = dirty.source_id
            and story_runs.story = dirty.story
            and story_runs.status = 'completed'
    group by dirty.source_id, dirty.story, dirty.story_id, dirty.status
),

step_attempts as (
    select
        dirty.story,
        step_runs.*
    from dirty
    cross join step_runs on step_runs.story_id = dirty.story_id
    union all
    select
        dirty.story,
        step_runs.*
    from dirty
    cross join step_runs
        on
            step_runs.story_key = dirty.story
            and +step_runs.source_id = dirty.source_id
),

-- What has not begun is no attempt, and neither is what runs in the background. What was seen in the same instant is in
-- the order of steps, attempts and keys; keys that are numbers are in the order of these.
attempts as (
    select
        step_attempts.source_id,
        step_attempts.story,
        step_attempts.step_id,
        step_attempts.id,
        step_attempts.source_key,
        step_attempts.run_id,
        step_attempts.status,
        coalesce(
            step_attempts.last_activity_at,
            step_attempts.ended_at,
            step_attempts.started_at,
            step_attempts.queued_at,
            ''
        ) as seen_at,
        coalesce(
            step_attempts.ended_at,
            step_attempts.last_activity_at,
            step_attempts.started_at,
            step_attempts.queued_at
        ) as at,
        case
            when coalesce(step_attempts.status, '') in ('queued', 'skipped') then 0
            when step_attempts.kind = 'background_task' then 0
            else 1
        end as is_attempt,
        row_number() over (
            partition by step_attempts.source_id, step_attempts.story
            order by
                coalesce(
                    step_attempts.last_activity_at,
                    step_attempts.ended_at,
                    step_attempts.started_at,
                    step_attempts.queued_at,
                    ''
                ),
                coalesce(steps.position, -1),
                coalesce(step_attempts.attempt, -1),
                length(step_attempts.source_key),
                step_attempts.source_key
        ) as place
    from step_attempts
    join steps on steps.id = step_attempts.step_id
    where step_attempts.gone_at is null
),

states as (
    select
        source_id,
        story,
        step_id,
        id as step_run_id,
        source_key,
        run_id,
        null as current_step,
        status,
        seen_at,
        at,
        row_number() over (partition by source_id, story, step_id order by place desc) as step_place,
        row_number() over (partition by source_id, story order by is_attempt desc, place desc) as story_place,
        case
            when is_attempt = 0 then 0
            when
                sum(case when is_attempt = 1 and coalesce(status, '') <> 'failed' then 1 else 0 end) over (
                    partition by source_id, story
                    order by place desc
                    rows unbounded preceding
                ) = 0
                then 1
            else 0
        end as is_failing_again
    from attempts
    union all
    select
        source_id,
        story,
        null,
        null,
        source_key,
        id,
        current_step,
        status,
        begun_at,
        case status when 'failed' then coalesce(ended_at, last_activity_at, started_at) else nullif(begun_at, '') end,
        row_number() over (
            partition by source_id, story
            order by begun_at desc, length(source_key) desc, source_key desc
        ),
        0,
        0
    from story_runs
)

select
    ends.source_id,
    ends.story,
    ends.story_id,
    ends.is_over,
    ends.is_called_blocked,
    case when ends.is_over = 1 or states.seen_at <= ends.settled_at then 1 else 0 end as is_settled,
    states.step_id,
    states.step_run_id,
    states.source_key,
    states.run_id,
    states.current_step,
    states.status,
    states.at,
    case when states.step_place = 1 then 1 else 0 end as is_latest,
    case when states.story_place = 1 then 1 else 0 end as is_last,
    coalesce(states.is_failing_again, 0) as is_failing_again
from ends
left join states
    on
        states.source_id = ends.source_id
        and states.story = ends.story
