/*
title: Recent events
description: >-
  What happened last, the newest first, a page at a time: what the sources themselves write down as events, such as a
  sprint's starts and ends and a media workflow's progress. A source without events has none here.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  batch: {type: text, help: 'one batch or workflow only, by its key'}
  page: {type: number, default: 1, help: 'the page, 1 has the newest'}
  per_page: {type: number, default: 100, help: events on a page}
*/
-- Each case has its own index, in order, and rows are looked up for the page alone.
with asked as (
    select
        max(1, cast(:per_page as integer)) as per_page,
        -- Too large a product is no integer, which an offset must be.
        cast(max(1, cast(:per_page as integer)) * (max(1, cast(:page as integer)) - 1) as integer) as skipped
),

asked_runs as (
    select runs.id
    from sources
    cross join runs
        on
            runs.source_id = sources.id
            and runs.source_key in (:batch, 'batch/' || :batch)
    where
        :batch <> ''
        and :source in ('', sources.name)
),

of_all as (
    select
        id,
        at
    from events
    where :source || :batch = ''
    order by at desc, id desc
    limit (select per_page from asked) offset (select skipped from asked)
),

of_source as (
    select
        id,
        at
    from events
    where
        :source <> ''
        and :batch = ''
        and source_id = (select id from sources where name = :source)
    order by at desc, id desc
    limit (select per_page from asked) offset (select skipped from asked)
),

of_batch as (
    select
        id,
        at
    from (
        select
            id,
            at
        from events
        where
            run_id in (
                select id
                from asked_runs
                union
                select id
                from runs
                where parent_id in (select id from asked_runs)
            )
        union all
        select
            id,
            at
        from events
        where
            :batch <> ''
            and run_key in (:batch, 'batch/' || :batch)
            and source_id in (select id from sources where :source in ('', name))
    )
    order by at desc, id desc
    limit (select per_page from asked) offset (select skipped from asked)
),

shown as (
    select * from of_all
    union all
    select * from of_source
    union all
    select * from of_batch
)

select
    sources.name as source,
    events.at,
    coalesce(parents.source_key, runs.parent_key, runs.source_key, events.run_key) as batch,
    coalesce(stories.source_key, events.story_key) as story,
    steps.name as step,
    coalesce(events.status, events.source_status) as status,
    coalesce(events.message, printf('%g %%', events.progress_pct)) as message,
    events.source_status
from shown
cross join events on events.id = shown.id
join sources on sources.id = events.source_id
left join runs on runs.id = events.run_id
left join runs as parents on parents.id = runs.parent_id
left join stories on stories.id = events.story_id
left join steps on steps.id = events.step_id
order by shown.at desc, shown.id desc
