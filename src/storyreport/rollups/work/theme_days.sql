/*
description: Jobs, how they ended and how long the completed ones took, by source, theme and day.
grain: day, source, theme
from: day_runs
key:
  day: text
  source_id: references sources
  theme: text
values:
  jobs: integer
  completed: integer
  failed: integer
  timed: integer
  total_ms: integer
meanings:
  completed: jobs that completed
  failed: jobs that failed
  timed: completed jobs with a known duration
indexes:
  theme: (source_id, theme)
total:
  name: themes
  key: [source_id, theme]
oracle: |
  select
      source_id,
      theme,
      count(*) as jobs,
      count(case status when 'completed' then 1 end) as completed,
      count(case status when 'failed' then 1 end) as failed,
      count(case status when 'completed' then duration_ms end) as timed,
      sum(case status when 'completed' then duration_ms end) as total_ms
  from runs
  where theme is not null
  group by source_id, theme
*/
select
    day,
    source_id,
    theme,
    count(*) as jobs,
    sum(case when status = 'completed' then 1 else 0 end) as completed,
    sum(case when status = 'failed' then 1 else 0 end) as failed,
    count(case when status = 'completed' then duration_ms end) as timed,
    coalesce(sum(case when status = 'completed' then duration_ms end), 0) as total_ms
from day_runs
where theme is not null
group by day, source_id, theme
