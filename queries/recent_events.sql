/*
title: Recent events
description: >-
  Latest events, newest first, one page at a time. Events are what a source itself records, such as a sprint's starts
  and ends or a media workflow's progress. Sources without events are not listed.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  batch: {type: text, help: 'one batch or workflow only (its key)'}
  page: {type: whole, default: 1, least: 1, help: 'page number, 1 is the newest'}
  per_page: {type: whole, default: 100, least: 1, help: events per page}
*/
-- Each case has an index in this order; rows are only looked up for the page.
with paging as (
    select
        max(1, cast(:per_page as integer)) as per_page,
        -- An offset must be an integer, which a very large product is not.
        cast(max(1, cast(:per_page as integer)) * (max(1, cast(:page as integer)) - 1) as integer) as skipped
),

selected_runs as (
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
    limit (select per_page from paging) offset (select skipped from paging)
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
    limit (select per_page from paging) offset (select skipped from paging)
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
                from selected_runs
                union
                select id
                from runs
                where parent_id in (select id from selected_runs)
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
    limit (select per_page from paging) offset (select skipped from paging)
),

page_of_events as (
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
from page_of_events
cross join events on events.id = page_of_events.id
join sources on sources.id = events.source_id
left join runs on runs.id = events.run_id
left join runs as parents on parents.id = runs.parent_id
left join stories on stories.id = events.story_id
left join steps on steps.id = events.step_id
order by page_of_events.at desc, page_of_events.id desc
