/*
title: Pending stories
description: >-
  Which story waits for which step, the longest wait first. Where steps are numbered, a story waits for a step that is
  not completed while the one before it is, or that is the first; the step itself may be running or have failed.
  Elsewhere a story waits whose work is queued and of which nothing runs.
topic: Right now
params:
  source: {type: source, help: one source only}
  step: {type: step, help: one step only}
chart:
  mark: bar
  encoding:
    y: {field: next_step, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: stories that wait}
    color: {field: source, type: nominal}
*/
-- A job that has made no story yet is named by its run.
select
    sources.name as source,
    case when jobs.id is null then pending.story end as story,
    stories.title,
    nullif(pending.next_step, '') as next_step,
    pending.waiting_since,
    jobs.source_key as run
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
left join steps
    on
        steps.source_id = pending.source_id
        and steps.name = pending.next_step
where
    (:source = '' or sources.name = :source)
    and (:step = '' or :step in (pending.next_step, steps.family))
order by pending.waiting_since, source, pending.story, pending.next_step
