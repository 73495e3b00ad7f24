/*
title: Pending stories
description: >-
  Stories that wait for a step, longest wait first. If steps are numbered, a story is pending at a step that has not
  completed while the step before it has, or at its first step; the step itself may be running or have failed. Otherwise
  a story is pending if its work is queued and none of it is running. A story that its source does not have is marked
  as missing.
topic: Right now
lake: current state
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  step: {type: step, help: one step only}
headline:
  - '{rows:story waits|stories wait}.'
chart:
  mark: bar
  encoding:
    y: {field: next_step, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: pending stories}
    color: {field: source, type: nominal}
*/
-- A job without a story so far is named by its run.
select
    sources.name as source,
    case when jobs.id is null then pending.story end as story,
    case
        when stories.id is not null or jobs.id is not null then stories.title
        when read.source_id is null then '(not read)'
        else '(missing)'
    end as title,
    nullif(pending.next_step, '') as next_step,
    pending.waiting_since,
    jobs.source_key as run,
    pipelines.name as pipeline
from rollup_pending_steps as pending
join sources on sources.id = pending.source_id
left join stories
    on
        stories.source_id = pending.source_id
        and stories.source_key = pending.story
left join runs as jobs
    on
        jobs.source_id = pending.source_id
        and jobs.source_key = pending.story
        and jobs.kind = 'job'
        and stories.id is null
left join sources_with_stories as read on read.source_id = pending.source_id
left join pipelines on pipelines.id = coalesce(stories.pipeline_id, jobs.pipeline_id)
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and (
        :step in ('', pending.next_step)
        or exists (
            select 1
            from steps
            where
                steps.source_id = pending.source_id
                and steps.name = pending.next_step
                and steps.family = :step
        )
    )
order by pending.waiting_since, source, pending.story, pending.next_step
