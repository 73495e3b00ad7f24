/*
description: >-
  What each run has cost, by currency, on the run's day. Through an index the most expensive runs of a day come first. A
  run that its source has deleted keeps its cost.
grain: run, currency
key:
  run_id: references runs
  currency: text
values:
  source_id: references sources
  day: text
  cost_nano: integer
  is_largest: integer, none
meanings:
  day: the day of the run
  is_largest: 1 for the currency that most of was paid in, which stands for the run among the most expensive ones
indexes:
  largest: (source_id, day, cost_nano desc, run_id desc) where is_largest = 1
group: [run_id]
# A call is one of its run though that has been deleted.
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
all: |
  select run_id
  from calls
  where
      source_id = :source_id
      and run_id is not null
  union
  select runs.id
  from runs
  join calls
      on
          calls.run_key = runs.source_key
          and calls.source_id = runs.source_id
  where
      runs.gone_at is not null
      and +runs.source_id = :source_id
  union
  select run_id
  from pruned_calls
  where
      source_id = :source_id
      and run_id is not null
remember: pruned_calls
oracle: |
  select
      source_id,
      sum(cast(cost_nano as real)) as cost_nano
  from (
      select
          source_id,
          round(coalesce(cost, estimated_cost) * 1e9) as cost_nano
      from calls
      where
          abs(coalesce(cost, estimated_cost)) < 9.2e9
          and (
              run_id is not null
              or exists (
                  select 1
                  from runs
                  where
                      runs.source_id = calls.source_id
                      and runs.source_key = calls.run_key
              )
          )
      union all
      select
          source_id,
          cost_nano
      from pruned_calls
      where
          run_id is not null
          and cost_nano is not null
  )
  group by source_id
*/
select
    run_id,
    currency,
    source_id,
    day,
    sum(cast(price_nano as real)) as cost_nano,
    case row_number() over (partition by run_id order by sum(cast(price_nano as real)) desc, currency)
        when 1 then 1
        else 0
    end as is_largest
from (
    select
        runs.id as run_id,
        runs.source_id,
        runs.day,
        calls.price_currency as currency,
        calls.price_nano
    from dirty_run_costs as dirty
    cross join runs on runs.id = dirty.run_id
    cross join priced_calls as calls on calls.run_id = runs.id
    where calls.price_nano is not null
    union all
    -- The calls of a run that has been deleted name it by its key; + keeps SQLite to the index of that.
    select
        runs.id,
        runs.source_id,
        runs.day,
        calls.price_currency,
        calls.price_nano
    from dirty_run_costs as dirty
    cross join runs on runs.id = dirty.run_id
    cross join priced_calls as calls
        on
            calls.run_key = runs.source_key
            and +calls.source_id = runs.source_id
    where calls.price_nano is not null
    union all
    select
        runs.id,
        runs.source_id,
        runs.day,
        pruned.currency,
        pruned.cost_nano
    from dirty_run_costs as dirty
    cross join runs on runs.id = dirty.run_id
    cross join pruned_calls as pruned on pruned.run_id = runs.id
    where pruned.cost_nano is not null
) as spent
group by run_id, currency, source_id, day
