/*
title: Flaky steps
description: >-
  Which steps succeed only on a second try. Runs are pieces of work, a step of one story (or run): retried are those
  whose first attempt failed and was followed by another, recovered those that only a later attempt completed. The share
  is that of first attempts that completed. An attempt counts on the day it ended. It needs a source that tells attempts
  apart: in others each execution is a first attempt.
topic: Steps
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: recovered, type: quantitative, title: completed by a later attempt only}
    color: {field: source, type: nominal}
*/
-- The whole history is added up already.
with tried as (
    select
        source_id,
        family,
        first_attempts,
        first_completed,
        retried,
        recovered
    from rollup_steps
    where :since || :until = ''
    union all
    select
        source_id,
        family,
        sum(first_attempts),
        sum(first_completed),
        sum(retried),
        sum(recovered)
    from rollup_step_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by source_id, family
)

select
    sources.name as source,
    tried.family as step,
    tried.first_attempts as runs,
    tried.retried,
    tried.recovered,
    round(100.0 * tried.first_completed / nullif(tried.first_attempts, 0), 2) as first_attempt_pct
from tried
join sources on sources.id = tried.source_id
where
    (:source = '' or sources.name = :source)
    and tried.first_attempts + tried.retried + tried.recovered > 0
order by tried.recovered desc, tried.retried desc, first_attempt_pct, source, step
