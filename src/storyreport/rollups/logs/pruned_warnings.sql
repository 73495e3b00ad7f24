/*
kind: memory
description: How often pruned log lines gave a run's warning.
grain: source, run, message
values:
  source_id: references sources
  run: text
  message: text
  occurrences: integer
  first_seen: text null
  last_seen: text null
indexes:
  run: (source_id, run)
*/
select
    log_events.source_id,
    coalesce(log_events.run_key, runs.source_key) as run,
    log_events.message,
    count(*) as occurrences,
    min(log_events.at) as first_seen,
    max(log_events.at) as last_seen
from old_log_events as old
cross join log_events on log_events.id = old.id
left join runs on runs.id = log_events.run_id
where
    log_events.level in ('warn', 'warning')
    and log_events.message is not null
    and coalesce(log_events.run_key, runs.source_key) is not null
group by log_events.source_id, coalesce(log_events.run_key, runs.source_key), log_events.message
