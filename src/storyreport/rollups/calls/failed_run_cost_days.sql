/*
description: >-
  Calls and cost of runs that failed, by source, day of the calls, currency and pipeline of the run. A run that its
  source has deleted keeps its cost.
grain: day, source, currency, pipeline
key:
  day: text
  source_id: references sources
  currency: text
  pipeline_id: integer
values:
  calls: integer
  cost_nano: integer null
group: [source_id, day]
# A call is one of its run though that has been deleted.
dirty:
  calls: [source_id, day]
  runs: |
    select
        calls.source_id,
        calls.day
    from calls
    where calls.run_id = {row}.id
    union
    select
        calls.source_id,
        calls.day
    from calls
    where
        calls.run_key = {row}.source_key
        and +calls.source_id = {row}.source_id
    union
    select
        pruned.source_id,
        pruned.day
    from pruned_calls as pruned
    where pruned.run_id = {row}.id
all: |
  select
      source_id,
      day
  from calls
  where source_id = :source_id
  union
  select
      source_id,
      day
  from pruned_calls
  where source_id = :source_id
remember: pruned_calls
oracle: |
  select
      runs.source_id,
      spent.day,
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
          calls.day,
          calls.calls,
          case
              when abs(coalesce(calls.cost, calls.estimated_cost)) < 9.2e9
                  then round(coalesce(calls.cost, calls.estimated_cost) * 1e9)
          end as cost_nano
      from calls
      union all
      select
          run_id,
          day,
          calls,
          cost_nano
      from pruned_calls
  ) as spent
      on spent.run_id = runs.id
  where runs.status = 'failed'
  group by runs.source_id, spent.day
*/
select
    day,
    source_id,
    currency,
    pipeline_id,
    sum(calls) as calls,
    sum(cast(price_nano as real)) as cost_nano
from (
    select
        calls.day,
        calls.source_id,
        calls.price_currency as currency,
        coalesce(runs.pipeline_id, 0) as pipeline_id,
        calls.calls,
        calls.price_nano
    from dirty_failed_run_cost_days as dirty
    cross join priced_calls as calls
        on
            calls.source_id = dirty.source_id
            and calls.day = dirty.day
    cross join runs on runs.id = calls.run_id
    where runs.status = 'failed'
    union all
    -- The calls of a run that has been deleted name it by its key.
    select
        calls.day,
        calls.source_id,
        calls.price_currency,
        coalesce(runs.pipeline_id, 0),
        calls.calls,
        calls.price_nano
    from dirty_failed_run_cost_days as dirty
    cross join priced_calls as calls
        on
            calls.source_id = dirty.source_id
            and calls.day = dirty.day
    cross join runs
        on
            runs.source_id = calls.source_id
            and runs.source_key = calls.run_key
    where runs.status = 'failed'
    union all
    select
        pruned.day,
        pruned.source_id,
        pruned.currency,
        coalesce(runs.pipeline_id, 0),
        pruned.calls,
        pruned.cost_nano
    from dirty_failed_run_cost_days as dirty
    cross join pruned_calls as pruned
        on
            pruned.source_id = dirty.source_id
            and pruned.day = dirty.day
    cross join runs on runs.id = pruned.run_id
    where runs.status = 'failed'
) as spent
group by day, source_id, currency, pipeline_id
