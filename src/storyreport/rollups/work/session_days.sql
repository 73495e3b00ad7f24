/*
description: Stories and jobs of each session by source and day.
grain: day, source, session
from: day_runs
key:
  day: text
  source_id: references sources
  session_hash: text
values:
  stories: integer
  jobs: integer
  failed_jobs: integer
  first_seen: text null, min
  last_seen: text null, max
meanings:
  failed_jobs: jobs that failed
indexes:
  session: (source_id, session_hash)
total:
  name: sessions
  key: [source_id, session_hash]
  indexes:
    jobs: (jobs desc, stories desc)
oracle: |
  select
      source_id,
      session_hash,
      sum(stories) as stories,
      sum(jobs) as jobs,
      sum(failed_jobs) as failed_jobs
  from (
      select
          source_id,
          session_hash,
          count(*) as stories,
          0 as jobs,
          0 as failed_jobs
      from stories
      where session_hash is not null
      group by source_id, session_hash
      union all
      select
          source_id,
          session_hash,
          0,
          count(*),
          count(case status when 'failed' then 1 end)
      from runs
      where session_hash is not null
      group by source_id, session_hash
  )
  group by source_id, session_hash
*/
select
    day,
    source_id,
    session_hash,
    sum(is_story) as stories,
    sum(is_job) as jobs,
    sum(is_failed_job) as failed_jobs,
    min(seen_at) as first_seen,
    max(seen_at) as last_seen
from (
    select
        day,
        source_id,
        session_hash,
        0 as is_story,
        1 as is_job,
        case when status = 'failed' then 1 else 0 end as is_failed_job,
        coalesce(queued_at, started_at, ended_at) as seen_at
    from day_runs
    where session_hash is not null
    union all
    select
        stories.day,
        stories.source_id,
        stories.session_hash,
        1 as is_story,
        0 as is_job,
        0 as is_failed_job,
        stories.created_at as seen_at
    from dirty_day_runs as dirty
    cross join stories
        on
            stories.source_id = dirty.source_id
            and stories.day = dirty.day
    where stories.session_hash is not null
) as seen
group by day, source_id, session_hash
