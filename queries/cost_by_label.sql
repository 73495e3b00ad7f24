/*
title: Cost by label
description: >-
  Cost by team, project, service, tag, user and key, most expensive first. Users and keys are hashes. A call with
  several tags counts under each, so that the labels of a kind may add up to more than was spent. Cost is what was
  recorded plus what was estimated. Calls without a known cost are unpriced, never free. Needs sources that say who
  calls are for.
topic: Cost
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  label: {type: text, help: 'one kind only: team, project, service, tag, user or key'}
chart:
  mark: bar
  encoding:
    y: {field: value, type: nominal, sort: -x}
    x: {field: cost, type: quantitative, stack: zero}
    color: {field: label, type: nominal}
    row: {field: currency, type: nominal}
*/
-- Without dates, the rollup of the whole history has the answer.
with spent as (
    select
        source_id,
        label,
        value,
        currency,
        sum(calls) as calls,
        sum(total_tokens) as total_tokens,
        sum(cost_nano / 1e9) as cost,
        sum(unpriced_calls) as unpriced_calls
    from rollup_labels
    where
        :since || :until = ''
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
    group by source_id, label, value, currency
    union all
    select
        source_id,
        label,
        value,
        currency,
        sum(calls),
        sum(total_tokens),
        sum(cost_nano / 1e9),
        sum(unpriced_calls)
    from rollup_label_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
    group by source_id, label, value, currency
)

select
    sources.name as source,
    spent.label,
    spent.value,
    spent.calls,
    spent.total_tokens,
    round(spent.cost, 6) as cost,
    nullif(spent.currency, '') as currency,
    spent.unpriced_calls
from spent
join sources on sources.id = spent.source_id
where
    (:source = '' or sources.name = :source)
    and (:label = '' or spent.label = :label)
order by spent.cost desc, spent.calls desc, source, spent.label, spent.value, spent.currency
