/*
title: Stories of a session
description: >-
  Stories that one session asked for, and its jobs without a story, latest first. Enter the session as the report
  sessions shows it: a keyed hash, which does not say whose it is. The status is that of the job, where there is one.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  session: {type: text, help: the session's hash (required)}
*/
-- A story belongs to the session that it names, or to that of its job.
with jobs as (
    select *
    from runs
    where
        session_hash = nullif(:session, '')
        and gone_at is null
),

made as (
    select
        stories.source_id,
        stories.source_key as story,
        stories.title,
        -- The latest job is what became of it.
        (
            select runs.id
            from runs
            where
                runs.story_id = stories.id
                and runs.session_hash is not null
                and runs.gone_at is null
            order by coalesce(runs.started_at, runs.queued_at) desc, runs.id desc
            limit 1
        ) as run_id,
        stories.status,
        stories.created_at
    from stories
    where
        stories.gone_at is null
        and stories.id in (
            select id
            from stories
            where session_hash = nullif(:session, '')
            union
            select story_id
            from jobs
        )
    union all
    select
        jobs.source_id,
        jobs.story_key,
        null,
        jobs.id,
        jobs.status,
        coalesce(jobs.queued_at, jobs.started_at)
    from jobs
    where jobs.story_id is null
)

select
    sources.name as source,
    made.story,
    made.title,
    runs.source_key as job,
    coalesce(runs.status, made.status) as status,
    made.created_at
from made
join sources on sources.id = made.source_id
left join runs on runs.id = made.run_id
where :source in ('', sources.name)
order by made.created_at desc, source, made.story, job
