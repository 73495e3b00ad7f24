/*
description: How often the log lines have each metric and what its values add up to, by source and day.
grain: day, source, metric
key:
  day: text
  source_id: references sources
  metric: text
values:
  samples: integer
  total: real null
meanings:
  samples: log lines with the metric
  total: their values added up
indexes:
  metric: (source_id, metric)
total:
  name: logs
  key: [source_id, metric]
group: [source_id, day]
dirty:
  log_events: |
    select
        {row}.source_id,
        {row}.day
    where {row}.metric is not null
all: |
  select distinct
      source_id,
      day
  from log_events
  where
      source_id = :source_id
      and metric is not null
frozen: by day
oracle: |
  select
      source_id,
      day,
      count(metric) as samples,
      sum(case when metric is not null then value end) as total
  from log_events
  group by source_id, day
*/
select
    log_events.day,
    log_events.source_id,
    log_events.metric,
    count(*) as samples,
    sum(log_events.value) as total
from dirty_log_days as dirty
cross join log_events
    on
        log_events.source_id = dirty.source_id
        and log_events.day = dirty.day
        and log_events.metric is not null
group by log_events.day, log_events.source_id, log_events.metric
