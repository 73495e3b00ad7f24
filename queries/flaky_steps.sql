/*
title: Flaky steps
description: >-
  Steps that only complete after a retry, most recovered first. One row per step; a run here is one step of one story
  (or run). Retried: the first attempt failed and was retried. Recovered: only a later attempt completed. The percentage
  is that of first attempts that completed. Where the first attempt is not recorded (Airflow before 2.10), the work
  counts in none of these; what was cancelled or skipped before it completed is no recovery. An attempt counts on the
  day it ended. Needs a source that tells attempts apart; otherwise each execution is a first attempt.
topic: Steps
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
headline:
  - '{recovered.sum:recovery|recoveries} after {retried.sum:retry|retries}.'
  - 'Most in {step[0]}: {recovered[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: recovered, type: quantitative, title: recovered}
    color: {field: source, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer.
with attempts as (
    select
        source_id,
        family,
        pipeline_id,
        first_attempts,
        first_completed,
        retried,
        recovered - unexplained as recovered
    from rollup_steps
    where :since || :until = ''
    union all
    select
        source_id,
        family,
        pipeline_id,
        sum(first_attempts),
        sum(first_completed),
        sum(retried),
        sum(recovered) - sum(unexplained)
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
    attempts.family as step,
    attempts.first_attempts as runs,
    attempts.retried,
    attempts.recovered,
    round(100.0 * attempts.first_completed / nullif(attempts.first_attempts, 0), 2) as first_attempt_pct,
    pipelines.name as pipeline
from attempts
join sources on sources.id = attempts.source_id
left join pipelines on pipelines.id = attempts.pipeline_id
where
    (:source = '' or sources.name = :source)
    and (:pipeline = '' or pipelines.name = :pipeline)
    and attempts.first_attempts + attempts.retried + attempts.recovered > 0
order by attempts.recovered desc, attempts.retried desc, first_attempt_pct, source, step, pipeline
