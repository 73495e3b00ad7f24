/*
title: Status of a story
description: >-
  Steps of a story in their order, each with its latest attempt. Enter the story's key as its source writes it. A step
  that is checked when its work is done ends with the check, as the pipeline's own status says; its duration is that of
  the work alone. A story that runs, steps or calls name and its source does not have is marked as missing, or as not
  read where none of its stories were read.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key (required)}
*/
with selected as (
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

attempts as (
    select
        step_runs.*,
        selected.title
    from selected
    join step_runs on step_runs.story_id = selected.id
    where
        step_runs.gone_at is null
        or selected.gone_at is not null
    union all
    -- A story that is missing in the source, or was deleted, may have steps.
    select
        step_runs.*,
        case
            when selected.id is not null then selected.title
            when read.source_id is null then '(not read)'
            else '(missing)'
        end
    from steps_of_story_keys as named
    join step_runs on step_runs.id = named.step_run_id
    left join selected on selected.source_id = named.source_id
    left join sources_with_stories as read on read.source_id = named.source_id
    where
        named.story_key = :story
        and named.source_id in (select id from sources where :source in ('', name))
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

-- Sources where runs or calls name the story, which has no row and no steps.
missing as (
    select source_id
    from runs
    where
        story_key = :story
        and gone_at is null
    union
    select source_id
    from calls
    where
        story_key = :story
        and gone_at is null
    except
    select source_id
    from selected
    except
    select source_id
    from attempts
),

-- A story without known steps has the status that its source gives.
listed as (
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
        case
            when acceptance_passed is not null and status in ('completed', 'failed')
                then coalesce(last_activity_at, ended_at)
            else ended_at
        end as ended_at,
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
    from selected
    where not exists (select 1 from attempts where attempts.source_id = selected.source_id)
    union all
    select
        missing.source_id,
        case when read.source_id is null then '(not read)' else '(missing)' end,
        case when read.source_id is null then 'not read' else 'missing' end,
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
    from missing
    left join sources_with_stories as read on read.source_id = missing.source_id
    where missing.source_id in (select id from sources where :source in ('', name))
)

select
    sources.name as source,
    :story as story,
    listed.title,
    steps.name as step,
    listed.status,
    listed.acceptance_passed,
    coalesce(runs.source_key, listed.run_key) as run,
    listed.started_at,
    listed.ended_at,
    listed.duration_ms,
    listed.attempts,
    coalesce(
        listed.error_message,
        case when listed.status = 'failed' and runs.status = 'failed' then runs.error_message end
    ) as error
from listed
join sources on sources.id = listed.source_id
left join steps on steps.id = listed.step_id
left join runs on runs.id = listed.run_id
order by source, steps.position, listed.begun_at, steps.name
