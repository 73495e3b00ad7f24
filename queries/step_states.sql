/*
title: Step states
description: >-
  How many stories are in which state at each step, in the order of the steps. The state is that of a story's latest
  attempt, by time. Pending is what is queued or waits; other is what was cancelled, skipped or blocked, or has an
  unknown status. Deleted stories are left out.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
headline: 'Steps: {completed.sum} completed, {failed.sum} failed, {running.sum} running and {pending.sum} pending.'
chart:
  mark: bar
  fold: [completed, failed, running, pending, other]
  encoding:
    y: {field: step, type: nominal, sort: null}
    x: {field: value, type: quantitative, stack: zero, title: stories}
    color: {field: key, type: nominal}
    row: {field: source, type: nominal}
*/
select
    sources.name as source,
    states.family as step,
    sum(case when states.status = 'completed' then states.stories else 0 end) as completed,
    sum(case when states.status = 'failed' then states.stories else 0 end) as failed,
    sum(case when states.status = 'running' then states.stories else 0 end) as running,
    sum(case when states.status in ('queued', 'waiting') then states.stories else 0 end) as pending,
    sum(
        case
            when states.status in ('completed', 'failed', 'running', 'queued', 'waiting') then 0
            else states.stories
        end
    ) as other,
    pipelines.name as pipeline
from rollup_step_states as states
join sources on sources.id = states.source_id
left join pipelines on pipelines.id = states.pipeline_id
where
    :source in ('', sources.name)
    and (:pipeline = '' or pipelines.name = :pipeline)
group by states.source_id, states.family, states.pipeline_id
having sum(states.stories) > 0
order by
    source,
    (
        select coalesce(min(steps.position), 1e9)
        from steps
        where
            steps.source_id = states.source_id
            and steps.family = states.family
            and coalesce(steps.pipeline_id, 0) = states.pipeline_id
    ),
    step,
    pipeline
