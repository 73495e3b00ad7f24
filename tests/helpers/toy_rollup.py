"""A rollup to be added, changed and removed."""

TOY = """/*
description: Runs by kind and day.
grain: day, source, kind
key:
  day: text
  source_id: references sources
  kind: text
values:
  runs: integer
  longest_ms: integer null, max
total:
  name: toys
  key: [source_id, kind]
group: [source_id, day]
dirty:
  runs: [source_id, day]
oracle: |
  select
      source_id,
      count(*) as runs
  from runs
  group by source_id
*/
select
    runs.day,
    runs.source_id,
    runs.kind,
    count(*) as runs,
    max(runs.duration_ms) as longest_ms
from dirty_toy_days as dirty
cross join runs
    on
        runs.source_id = dirty.source_id
        and runs.day = dirty.day
group by runs.day, runs.source_id, runs.kind
"""
