/*
title: Acceptance rates
description: >-
  Share of acceptance checks that passed, by step, lowest first. Needs a source that records the results of its checks:
  the story pipeline tracker, or step runs with acceptance_passed.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
headline:
  - '{passed.sum:check} of {checked.sum} passed.'
  - 'Lowest: {step[0]}, {pass_pct[0]} of {checked[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: failure_pct, type: quantitative, title: failed checks}
    color: {field: source, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer.
with steps as (
    select
        source_id,
        family,
        pipeline_id,
        checked,
        passed
    from rollup_steps
    where :since || :until = ''
    union all
    select
        source_id,
        family,
        pipeline_id,
        sum(checked),
        sum(passed)
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
    steps.family as step,
    steps.checked,
    steps.passed,
    steps.checked - steps.passed as failed,
    round(100.0 * steps.passed / steps.checked, 2) as pass_pct,
    round(100.0 * (steps.checked - steps.passed) / steps.checked, 2) as failure_pct,
    pipelines.name as pipeline
from steps
join sources on sources.id = steps.source_id
left join pipelines on pipelines.id = steps.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and steps.checked > 0
order by pass_pct, failed desc, source, step, pipeline
