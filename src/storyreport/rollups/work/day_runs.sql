/*
kind: intermediate
description: The runs of dirty days. On these days stories begin and end, too.
grain: run
materialized: view
group: [source_id, day]
dirty:
  # A story is completed by the first of its runs that is.
  runs: |
    select
        {row}.source_id,
        {row}.day
    union
    select
        source_id,
        day
    from runs
    where
        story_id = {row}.story_id
        and status = 'completed'
        and {row}.status = 'completed'
  stories: |
    select
        {row}.source_id,
        {row}.day
    union
    select
        {row}.source_id,
        {row}.end_day
    where {row}.end_day is not null
    union
    select
        source_id,
        day
    from runs
    where
        story_id = {row}.id
        and status = 'completed'
all: |
  select
      source_id,
      day
  from runs
  where source_id = :source_id
  union
  select
      source_id,
      day
  from stories
  where source_id = :source_id
  union
  select
      source_id,
      end_day
  from stories
  where
      source_id = :source_id
      and ended_at is not null
*/
select runs.*
from dirty_day_runs as dirty
cross join runs
    on
        runs.source_id = dirty.source_id
        and runs.day = dirty.day
