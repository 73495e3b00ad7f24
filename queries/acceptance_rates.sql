/*
title: Acceptance rates
description: >-
  Share of acceptance checks that passed, by step, lowest first. Needs a source that records the results of its checks:
  the story pipeline tracker, or step runs with acceptance_passed.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
headline:
  - '{passed.sum:check} of {checked.sum} passed.'
  - 'Lowest: {step[0]}, {pass_pct[0]} of {checked[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal}
    x: {field: pass_pct, type: quantitative, scale: {domain: [0, 100]}, title: passed checks}
    color: {field: source, type: nominal}
*/
select
    sources.name as source,
    steps.family as step,
    steps.checked,
    steps.passed,
    steps.checked - steps.passed as failed,
    round(100.0 * steps.passed / steps.checked, 2) as pass_pct,
    round(100.0 * (steps.checked - steps.passed) / steps.checked, 2) as failure_pct,
    pipelines.name as pipeline
from rollup_steps as steps
join sources on sources.id = steps.source_id
left join pipelines on pipelines.id = steps.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and steps.checked > 0
order by pass_pct, failed desc, source, step, pipeline
