/*
title: Cleanup candidates
description: >-
  Finished media workflows older than a number of days, with the files that still exist and their bytes, largest first.
  Bytes are those of files whose size is known. Finished is what completed, failed, or was cancelled.
topic: Right now
params:
  source: {type: source, help: one source only}
  days: {type: days, default: 30, help: days since it finished}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
headline: '{rows:workflow} with {files.sum:file}, {total_bytes.sum}.'
chart:
  mark: bar
  encoding:
    y: {field: run, type: nominal, sort: -x}
    x: {field: total_bytes, type: quantitative, stack: zero, title: size}
    color: {field: source, type: nominal}
*/
-- The day of a run is not after the one on which it finished. Sources without such runs are not looked through.
with moment (until) as (
    select strftime('%Y-%m-%dT%H:%M:%fZ', julianday(:as_of) - cast(:days as real))
)

select
    sources.name as source,
    runs.kind,
    runs.source_key as run,
    coalesce(stories.source_key, runs.story_key) as story,
    coalesce(runs.ended_at, runs.last_activity_at, runs.started_at) as finished_at,
    coalesce(sums.files, 0) as files,
    case when sums.files > 0 then sums.total_bytes else 0 end as total_bytes
from moment
cross join sources
    on
        :source in ('', sources.name)
        and sources.id in (select source_id from rollup_run_kinds where kind = 'media_workflow')
cross join runs
    on
        runs.source_id = sources.id
        and runs.day <= date(moment.until)
left join rollup_run_files as sums on sums.run_id = runs.id
left join stories on stories.id = runs.story_id
where
    runs.kind = 'media_workflow'
    and runs.status in ('completed', 'failed', 'cancelled')
    and runs.gone_at is null
    and coalesce(runs.ended_at, runs.last_activity_at, runs.started_at) < moment.until
order by total_bytes desc, finished_at, source, run
