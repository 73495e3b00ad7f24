/*
description: Warnings that one run (by its key in the source) logged more than once.
grain: run, source, message
findings: true
key:
  run: text
  source_id: references sources
  message: text
values:
  occurrences: integer
  first_seen: text null, min
  last_seen: text null, max
indexes:
  occurrences: (occurrences desc, last_seen desc)
group: [source_id, run]
dirty:
  log_events: |
    select
        {row}.source_id,
        coalesce({row}.run_key, (select source_key from runs where id = {row}.run_id))
    where
        {row}.level in ('warn', 'warning')
        and ({row}.run_key is not null or {row}.run_id is not null)
all: |
  select distinct
      log_events.source_id,
      coalesce(log_events.run_key, runs.source_key)
  from log_events
  left join runs on runs.id = log_events.run_id
  where
      log_events.source_id = :source_id
      and log_events.level in ('warn', 'warning')
      and coalesce(log_events.run_key, runs.source_key) is not null
  union
  select
      source_id,
      run
  from pruned_warnings
  where source_id = :source_id
remember: pruned_warnings
oracle: |
  select
      source_id,
      sum(occurrences) as occurrences
  from (
      select
          source_id,
          sum(occurrences) as occurrences
      from (
          select
              log_events.source_id,
              case when runs.id is null then log_events.run_key else runs.source_key end as run,
              log_events.message,
              1 as occurrences
          from log_events
          left join runs on runs.id = log_events.run_id
          where log_events.level in ('warn', 'warning')
          union all
          select
              source_id,
              run,
              message,
              occurrences
          from pruned_warnings
      )
      where
          run is not null
          and message is not null
      group by source_id, run, message
      having sum(occurrences) > 1
  )
  group by source_id
*/
select
    run,
    source_id,
    message,
    sum(lines) as occurrences,
    min(earliest) as first_seen,
    max(latest) as last_seen
from (
    select
        dirty.run,
        log_events.source_id,
        log_events.message,
        1 as lines,
        log_events.at as earliest,
        log_events.at as latest
    from dirty_warnings as dirty
    cross join runs
        on
            runs.source_id = dirty.source_id
            and runs.source_key = dirty.run
    cross join log_events on log_events.run_id = runs.id
    where
        log_events.level in ('warn', 'warning')
        and log_events.message is not null
    union all
    select
        dirty.run,
        log_events.source_id,
        log_events.message,
        1,
        log_events.at,
        log_events.at
    from dirty_warnings as dirty
    cross join log_events
        on
            log_events.run_key = dirty.run
            and +log_events.source_id = dirty.source_id
    where
        log_events.level in ('warn', 'warning')
        and log_events.message is not null
    union all
    select
        dirty.run,
        pruned.source_id,
        pruned.message,
        pruned.occurrences,
        pruned.first_seen,
        pruned.last_seen
    from dirty_warnings as dirty
    cross join pruned_warnings as pruned
        on
            pruned.source_id = dirty.source_id
            and pruned.run = dirty.run
) as logged
group by run, source_id, message
having sum(lines) > 1
