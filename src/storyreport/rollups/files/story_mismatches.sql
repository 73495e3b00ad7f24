/*
description: >-
  Where the files and the statuses of a story disagree, of sources whose outputs were read. step is '' for a run as a
  whole; mismatches is 1 in each row, so that it adds up.
grain: story, step
findings: true
key:
  story_id: references stories
  step: text
values:
  source_id: references sources
  problem: text
  path: text null
  mismatches: integer
meanings:
  step: the step; empty for the run as a whole
  path: the file
  mismatches: 1 in each row
total:
  name: mismatches
  key: [source_id, problem]
group: [story_id]
dirty:
  step_runs: &of_story |
    select {row}.story_id
    where
        {row}.story_id is not null
        and exists (
            select 1
            from inputs
            where
                inputs.source_id = {row}.source_id
                and inputs.part = 'outputs'
        )
  runs: *of_story
  artifacts: *of_story
  # Once the outputs are read for the first time, every story may lack its own.
  inputs: |
    select id
    from stories
    where
        source_id = {row}.source_id
        and {row}.part = 'outputs'
        and {row}.signature = ''
all: |
  select id
  from stories
  where
      source_id = :source_id
      and exists (
          select 1
          from inputs
          where
              inputs.source_id = :source_id
              and inputs.part = 'outputs'
      )
frozen: by story
oracle: |
  with attempts as (
      select
          story_id,
          step_id,
          status,
          coalesce(attempt, -1) as attempt,
          coalesce(ended_at, last_activity_at, started_at, '') as at,
          length(source_key) as digits,
          source_key
      from step_runs
      where
          story_id is not null
          and gone_at is null
          and is_derived = 0
  ),
  last_attempts as (
      select
          story_id,
          step_id,
          status
      from attempts
      where
          not exists (
              select 1
              from step_runs as others
              where
                  others.story_id = attempts.story_id
                  and others.step_id = attempts.step_id
                  and others.gone_at is null
                  and others.is_derived = 0
                  and (
                      coalesce(others.attempt, -1),
                      coalesce(others.ended_at, others.last_activity_at, others.started_at, ''),
                      length(others.source_key),
                      others.source_key
                  ) > (attempts.attempt, attempts.at, attempts.digits, attempts.source_key)
          )
  ),
  outputs as (
      select distinct
          story_id,
          step_id
      from artifacts
      where
          gone_at is null
          and story_id is not null
          and step_id is not null
  )
  select
      stories.id as story_id,
      count(*) as mismatches
  from (
      select story_id
      from last_attempts
      where
          status = 'completed'
          and (story_id, step_id) not in (select * from outputs)
      union all
      select story_id
      from outputs
      where (story_id, step_id) not in (select story_id, step_id from last_attempts)
      union all
      select story_id
      from outputs
      join last_attempts using (story_id, step_id)
      where
          status in ('failed', 'cancelled', 'skipped', 'blocked')
          or (
              status in ('queued', 'running', 'waiting')
              and (story_id, step_id) not in (select story_id, step_id from attempts where status = 'completed')
          )
      union all
      select distinct story_id
      from runs
      where
          status = 'completed'
          and is_derived = 0
          and gone_at is null
          and id not in (select run_id from artifacts where gone_at is null and run_id is not null)
  ) as mismatched
  join stories on stories.id = mismatched.story_id
  where stories.source_id in (select source_id from inputs where part = 'outputs')
  group by stories.id
*/
-- A step is what its last attempt is; while another one is running, a file may be that of an earlier one. Derived rows
-- do not say of any step that it left a file.
with attempts as (
    select
        dirty.story_id,
        step_runs.source_id,
        step_runs.step_id,
        step_runs.status,
        row_number() over (
            partition by dirty.story_id, step_runs.step_id
            order by
                coalesce(step_runs.attempt, -1) desc,
                coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at, '') desc,
                length(step_runs.source_key) desc,
                step_runs.source_key desc
        ) as place
    from dirty_story_mismatches as dirty
    cross join step_runs on step_runs.story_id = dirty.story_id
    where
        step_runs.gone_at is null
        and step_runs.is_derived = 0
),

states as (
    select
        story_id,
        source_id,
        step_id,
        max(case when place = 1 then status end) as last_status,
        max(case when status = 'completed' then 1 else 0 end) as was_completed
    from attempts
    group by story_id, source_id, step_id
),

files as (
    select
        dirty.story_id,
        artifacts.source_id,
        artifacts.step_id,
        min(artifacts.path) as path
    from dirty_story_mismatches as dirty
    cross join artifacts on artifacts.story_id = dirty.story_id
    where artifacts.gone_at is null
    group by dirty.story_id, artifacts.source_id, artifacts.step_id
),

mismatches as (
    select
        states.story_id,
        states.source_id,
        states.step_id,
        'completed_without_output' as problem,
        null as path
    from states
    left join files
        on
            files.story_id = states.story_id
            and files.step_id = states.step_id
    where
        states.last_status = 'completed'
        and files.story_id is null
    union all
    select
        files.story_id,
        files.source_id,
        files.step_id,
        'output_without_completion',
        files.path
    from files
    left join states
        on
            states.story_id = files.story_id
            and states.step_id = files.step_id
    where
        files.step_id is not null
        and (
            states.story_id is null
            or (
                states.last_status <> 'completed'
                and not (states.last_status in ('queued', 'running', 'waiting') and states.was_completed = 1)
            )
        )
    union all
    -- Of a run that its source keeps a record of, the files name no step.
    select distinct
        dirty.story_id,
        runs.source_id,
        null,
        'completed_without_output',
        null
    from dirty_story_mismatches as dirty
    cross join runs on runs.story_id = dirty.story_id
    where
        runs.status = 'completed'
        and runs.is_derived = 0
        and runs.gone_at is null
        and not exists (
            select 1
            from artifacts
            where
                artifacts.run_id = runs.id
                and artifacts.gone_at is null
        )
)

select
    mismatches.story_id,
    coalesce(steps.name, '') as step,
    mismatches.source_id,
    mismatches.problem,
    mismatches.path,
    1 as mismatches
from mismatches
left join steps on steps.id = mismatches.step_id
