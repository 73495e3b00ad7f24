/*
title: Events of a batch
description: >-
  Events of a batch and its stories, oldest first. Enter the batch's key; the key of a workflow, or of any run whose
  source records events, works too.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  batch: {type: text, help: the batch's key (required)}
*/
with selected_runs as (
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

-- A batch without a row in the source may still have events.
of_batch as (
    select *
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
    select *
    from events
    where
        :batch <> ''
        and run_key in (:batch, 'batch/' || :batch)
        and source_id in (select id from sources where :source in ('', name))
)

select
    sources.name as source,
    of_batch.at,
    coalesce(stories.source_key, of_batch.story_key) as story,
    steps.name as step,
    coalesce(of_batch.status, of_batch.source_status) as status,
    coalesce(of_batch.message, printf('%g %%', of_batch.progress_pct)) as message,
    of_batch.source_status
from of_batch
join sources on sources.id = of_batch.source_id
left join stories on stories.id = of_batch.story_id
left join steps on steps.id = of_batch.step_id
order by of_batch.at, of_batch.id
