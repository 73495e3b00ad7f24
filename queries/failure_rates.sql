/*
title: Failure rates
description: >-
  Share of executions that failed, by step, highest first. Executions are those that completed or failed. Rejected
  executions are those of the failed ones that ran to their end and then did not pass their acceptance check.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  compare: {type: choice, choices: [previous], help: draw the period before as ticks}
headline:
  - '{failed.sum:execution} of {executions.sum} failed.'
  - 'Highest: {step[0]}, {failure_pct[0]} of {executions[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: failure_pct, type: quantitative, title: failed executions}
    color: {field: source, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer.
with ended as (
    select
        source_id,
        family,
        pipeline_id,
        executions,
        completed,
        failed,
        rejected
    from rollup_steps
    where :since || :until = ''
    union all
    select
        source_id,
        family,
        pipeline_id,
        sum(executions),
        sum(completed),
        sum(failed),
        sum(rejected)
    from rollup_step_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, family, pipeline_id
)

select
    sources.name as source,
    ended.family as step,
    ended.executions,
    ended.completed,
    ended.failed,
    round(100.0 * ended.failed / ended.executions, 2) as failure_pct,
    ended.rejected,
    pipelines.name as pipeline
from ended
join sources on sources.id = ended.source_id
left join pipelines on pipelines.id = ended.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and ended.executions > 0
order by failure_pct desc, ended.failed desc, source, step, pipeline
