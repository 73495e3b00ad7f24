/*
title: Failure rates
description: >-
  Which steps fail: of the executions that ended, how many failed. A step that ran but did not pass its acceptance
  check counts as failed where its source says so.
topic: Steps
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
chart:
  mark: bar
  encoding:
    y: {field: step, type: nominal, sort: -x}
    x: {field: failure_pct, type: quantitative, title: executions that failed}
    color: {field: source, type: nominal}
*/
select
    sources.name as source,
    days.family as step,
    sum(days.executions) as executions,
    sum(days.completed) as completed,
    sum(days.failed) as failed,
    round(100.0 * sum(days.failed) / sum(days.executions), 2) as failure_pct
from rollup_step_days as days
join sources on sources.id = days.source_id
where
    (:source = '' or sources.name = :source)
    and (:since = '' or days.day >= :since)
    and (:until = '' or (days.day <= :until and days.day <> ''))
group by days.source_id, days.family
having sum(days.executions) > 0
order by failure_pct desc, failed desc, source, step
