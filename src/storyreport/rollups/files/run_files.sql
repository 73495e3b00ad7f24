/*
description: >-
  What each run has in files that still exist, and the bytes of those whose size is known. A run without such files has
  no row.
grain: run
key:
  run_id: references runs
values:
  source_id: references sources, none
  files: integer
  total_bytes: integer null
group: [run_id]
dirty:
  artifacts: |
    select {row}.run_id
    where {row}.run_id is not null
all: |
  select run_id
  from artifacts
  where
      source_id = :source_id
      and run_id is not null
oracle: |
  select
      source_id,
      count(*) as files,
      sum(size_bytes) as total_bytes
  from artifacts
  where
      gone_at is null
      and is_missing is not 1
      and run_id is not null
  group by source_id
*/
select
    artifacts.run_id,
    artifacts.source_id,
    count(*) as files,
    sum(artifacts.size_bytes) as total_bytes
from dirty_run_files as dirty
cross join artifacts on artifacts.run_id = dirty.run_id
where
    artifacts.gone_at is null
    and coalesce(artifacts.is_missing, 0) <> 1
group by artifacts.run_id, artifacts.source_id
