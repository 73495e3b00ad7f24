/*
description: >-
  The step that each pending story waits for ('' where none is named). The story is its key in the source, which may
  have no story of that key. Where steps are numbered, a story is pending at each step that is not completed while the
  step before it is, or that is the first; otherwise at its first queued step, unless its run has ended or something of
  the story runs.
grain: source, story, step
from: story_attempts
findings: true
key:
  source_id: references sources
  story: text
  next_step: text
values:
  waiting_since: text null
meanings:
  next_step: the step that the story waits for; empty where none is named
  waiting_since: since when
indexes:
  since: (waiting_since)
*/
with numbered as (
    select
        id,
        source_id,
        name,
        max(position) over (
            partition by source_id
            order by position
            range between unbounded preceding and 1 preceding
        ) as previous_position
    from steps
    where position is not null
),

done as (
    select
        attempts.source_id,
        attempts.story,
        attempts.step_id,
        steps.position,
        attempts.at
    from story_attempts as attempts
    join steps on steps.id = attempts.step_id
    where
        attempts.is_latest = 1
        and attempts.status = 'completed'
        and steps.position is not null
),

unfinished as (
    select distinct
        source_id,
        story,
        story_id
    from story_attempts as attempts
    where
        is_over = 0
        -- Which steps of a pruned story were completed before is not known any more.
        and not exists (
            select 1
            from stories
            where
                stories.id = attempts.story_id
                and stories.pruned_at is not null
        )
),

queued as (
    select
        attempts.source_id,
        attempts.story,
        attempts.status,
        coalesce(steps.name, attempts.current_step, '') as next_step,
        attempts.at,
        steps.position,
        row_number() over (
            partition by attempts.source_id, attempts.story
            order by
                case when attempts.status = 'running' then 0 else 1 end,
                case when attempts.step_run_id is null then 1 else 0 end,
                coalesce(attempts.at, ''),
                length(attempts.source_key),
                attempts.source_key
        ) as place
    from story_attempts as attempts
    left join steps on steps.id = attempts.step_id
    left join runs on runs.id = attempts.run_id
    where
        attempts.is_latest = 1
        and (attempts.status = 'queued' or (attempts.status = 'running' and attempts.step_run_id is not null))
        and attempts.is_settled = 0
        and coalesce(runs.status, 'queued') in ('queued', 'running', 'waiting')
)

select
    unfinished.source_id,
    unfinished.story,
    numbered.name as next_step,
    coalesce(max(previous.at), max(stories.created_at)) as waiting_since
from unfinished
join numbered on numbered.source_id = unfinished.source_id
left join done as own
    on
        own.source_id = unfinished.source_id
        and own.story = unfinished.story
        and own.step_id = numbered.id
left join done as previous
    on
        previous.source_id = unfinished.source_id
        and previous.story = unfinished.story
        and previous.position = numbered.previous_position
left join stories on stories.id = unfinished.story_id
where
    own.story is null
    and (
        previous.story is not null
        or (numbered.previous_position is null and unfinished.story_id is not null)
    )
group by unfinished.source_id, unfinished.story, numbered.name
union all
select
    source_id,
    story,
    next_step,
    at
from queued
where
    place = 1
    and status = 'queued'
    and position is null
