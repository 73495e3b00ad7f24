/*
description: >-
  Calls and cost of runs that failed, by the step family that made them (where none is named, by endpoint), currency
  and day of the calls, with the pipeline of the run. failed_runs is 1 on the first day of a run, so that it adds up
  to runs. A run that its source has deleted keeps its cost.
grain: run, step family or endpoint, currency, day
key:
  run_id: references runs
  family: text
  currency: text
  day: text
values:
  source_id: references sources
  pipeline_id: integer, none
  failed_runs: integer
  calls: integer
  cost_nano: integer null
  unpriced_calls: integer
meanings:
  family: the step family; of calls without a step, their endpoint
  failed_runs: 1 on the first day of the run
indexes:
  day: (day)
  step: (source_id, family, currency)
total:
  name: failed_calls
  key: [source_id, family, currency, pipeline_id]
group: [run_id]
# A call is one of its run though that has been deleted. A bill makes the calls that it covers no longer unpriced.
dirty:
  runs: select {row}.id
  calls: |
    select {row}.run_id
    where {row}.run_id is not null
    union
    select id
    from runs
    where
        source_id = {row}.source_id
        and source_key = {row}.run_key
    union
    select covered.run_id
    from calls as covered
    where
        {row}.calls = 0
        and covered.source_id = {row}.source_id
        and covered.day = {row}.day
        and covered.provider = {row}.provider
        and covered.run_id is not null
all: |
  select id
  from runs
  where
      source_id = :source_id
      and status = 'failed'
remember: pruned_calls
oracle: |
  select
      runs.source_id,
      sum(spent.calls) as calls,
      sum(cast(spent.cost_nano as real)) as cost_nano
  from runs
  join (
      select
          coalesce(
              calls.run_id,
              (
                  select deleted.id
                  from runs as deleted
                  where
                      deleted.source_id = calls.source_id
                      and deleted.source_key = calls.run_key
              )
          ) as run_id,
          calls.calls,
          case
              when abs(coalesce(calls.cost, calls.estimated_cost)) < 9.2e9
                  then round(coalesce(calls.cost, calls.estimated_cost) * 1e9)
          end as cost_nano
      from calls
      union all
      select
          run_id,
          calls,
          cost_nano
      from pruned_calls
  ) as spent
      on spent.run_id = runs.id
  where runs.status = 'failed'
  group by runs.source_id
*/
select
    run_id,
    family,
    currency,
    day,
    source_id,
    pipeline_id,
    case row_number() over (partition by run_id, family, currency order by day) when 1 then 1 else 0 end as failed_runs,
    sum(calls) as calls,
    sum(cast(price_nano as real)) as cost_nano,
    sum(unpriced) as unpriced_calls
from (
    select
        runs.id as run_id,
        runs.source_id,
        coalesce(runs.pipeline_id, 0) as pipeline_id,
        coalesce(steps.family, calls.endpoint) as family,
        calls.price_currency as currency,
        calls.day,
        calls.calls,
        calls.price_nano,
        calls.unpriced_calls as unpriced
    from dirty_failed_run_calls as dirty
    cross join runs on runs.id = dirty.run_id
    cross join priced_calls as calls on calls.run_id = runs.id
    left join steps on steps.id = calls.step_id
    where runs.status = 'failed'
    union all
    -- The calls of a run that has been deleted name it by its key; + keeps SQLite to the index of that.
    select
        runs.id,
        runs.source_id,
        coalesce(runs.pipeline_id, 0),
        coalesce(steps.family, calls.endpoint),
        calls.price_currency,
        calls.day,
        calls.calls,
        calls.price_nano,
        calls.unpriced_calls
    from dirty_failed_run_calls as dirty
    cross join runs on runs.id = dirty.run_id
    cross join priced_calls as calls
        on
            calls.run_key = runs.source_key
            and +calls.source_id = runs.source_id
    left join steps on steps.id = calls.step_id
    where runs.status = 'failed'
    union all
    select
        runs.id,
        runs.source_id,
        coalesce(runs.pipeline_id, 0),
        pruned.family,
        pruned.currency,
        pruned.day,
        pruned.calls,
        pruned.cost_nano,
        pruned.unpriced_calls
    from dirty_failed_run_calls as dirty
    cross join runs on runs.id = dirty.run_id
    cross join pruned_calls as pruned on pruned.run_id = runs.id
    where runs.status = 'failed'
) as spent
group by run_id, family, currency, day, source_id, pipeline_id
