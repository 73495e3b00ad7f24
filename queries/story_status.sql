/*
title: Status of a story
description: >-
  Where a story is: each of its steps with its latest attempt, in the order of the steps. Give the story's key, as its
  source writes it.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key (needed)}
*/
with asked as (
    select
        id,
        source_id,
        source_key,
        title,
        status,
        gone_at
    from stories
    where
        source_id in (select id from sources where :source in ('', name))
        and source_key = :story
),

-- A story that the source does not have (any more) may still have steps.
attempts as (
    select
        step_runs.*,
        asked.title
    from asked
    join step_runs on step_runs.story_id = asked.id
    where
        step_runs.gone_at is null
        or asked.gone_at is not null
    union all
    select
        step_runs.*,
        (
            select title
            from asked
            where asked.source_id = step_runs.source_id
        )
    from step_runs
    where
        step_runs.story_key = :story
        and step_runs.source_id in (select id from sources where :source in ('', name))
        and step_runs.gone_at is null
),

ranked as (
    select
        *,
        count(*) over (partition by source_id, step_id) as attempts,
        min(coalesce(started_at, queued_at, ended_at)) over (partition by source_id, step_id) as begun_at,
        row_number() over (
            partition by source_id, step_id
            order by coalesce(last_activity_at, ended_at, started_at, queued_at) desc, id desc
        ) as place
    from attempts
),

-- A story of which no step is known is what its source says.
told as (
    select
        source_id,
        title,
        status,
        acceptance_passed,
        step_id,
        run_id,
        run_key,
        begun_at,
        started_at,
        ended_at,
        duration_ms,
        attempts,
        error_message
    from ranked
    where place = 1
    union all
    select
        source_id,
        title,
        status,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        0,
        null
    from asked
    where not exists (select 1 from attempts where attempts.source_id = asked.source_id)
)

select
    sources.name as source,
    :story as story,
    told.title,
    steps.name as step,
    told.status,
    told.acceptance_passed,
    coalesce(runs.source_key, told.run_key) as run,
    told.started_at,
    told.ended_at,
    told.duration_ms,
    told.attempts,
    coalesce(
        told.error_message,
        case when told.status = 'failed' and runs.status = 'failed' then runs.error_message end
    ) as error
from told
join sources on sources.id = told.source_id
left join steps on steps.id = told.step_id
left join runs on runs.id = told.run_id
order by source, steps.position, told.begun_at, steps.name
