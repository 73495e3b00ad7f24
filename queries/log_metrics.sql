/*
title: Log metrics
description: >-
  Cache hits, conflicts and skips, as the log tells. Needs the log of a story-generation service. A chapter count that
  is determined anew (from the outline, the database or the default) is a miss. A hit is a line that says so; where no
  line does, each loaded story context that is followed by no miss counts as one, and where the log has no debug lines
  the rate is not known. The rest are counts of lines. Samples are the lookups, or the lines, that a value was made
  of.
topic: Failures
params:
  source: {type: source, help: one source only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
chart:
  mark: bar
  encoding:
    y: {field: metric, type: nominal, sort: -x}
    x: {field: value, type: quantitative}
    color: {field: source, type: nominal}
    row: {field: unit}
*/
-- The whole history is added up already.
with said as (
    select
        source_id,
        metric,
        samples
    from rollup_logs
    where :since || :until = ''
    union all
    select
        source_id,
        metric,
        samples
    from rollup_log_days
    where
        :since || :until <> ''
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
),

-- Lines by what they say; determined are those that the service writes when it logs for debugging.
counted as (
    select
        source_id,
        sum(case when metric = 'context_loaded' then samples else 0 end) as contexts,
        sum(case when metric = 'chapter_count_cached' then samples else 0 end) as cached,
        sum(
            case when metric in ('chapter_count_from_outline', 'chapter_count_from_database') then samples else 0 end
        ) as determined,
        sum(case when metric = 'chapter_count_defaulted' then samples else 0 end) as defaulted,
        sum(case when metric = 'story_not_found' then samples else 0 end) as stories_not_found,
        sum(case when metric = 'failed_run_skip' then samples else 0 end) as skips,
        sum(case when metric = 'progress_conflict' then samples else 0 end) as conflicts,
        sum(case when metric = 'workflow_error' then samples else 0 end) as errors
    from said
    group by source_id
),

lookups as (
    select
        source_id,
        determined + defaulted as misses,
        case
            when cached > 0 then cached
            when determined > 0 and contexts > 0 then max(contexts - determined - defaulted, 0)
        end as hits
    from counted
),

metrics as (
    select
        source_id,
        1 as place,
        'chapter_count_cache_hit_pct' as metric,
        round(100.0 * hits / (hits + misses), 2) as value,
        '%' as unit,
        coalesce(hits, 0) + misses as samples
    from lookups
    union all
    select
        source_id,
        2,
        'orphaned_runs_detected',
        stories_not_found,
        'lines',
        stories_not_found
    from counted
    union all
    select
        source_id,
        3,
        'failed_run_skips',
        skips,
        'lines',
        skips
    from counted
    union all
    select
        source_id,
        4,
        'progress_conflicts',
        conflicts,
        'lines',
        conflicts
    from counted
    union all
    select
        source_id,
        5,
        'workflow_errors',
        errors,
        'lines',
        errors
    from counted
)

select
    sources.name as source,
    metrics.metric,
    metrics.value,
    metrics.unit,
    metrics.samples
from metrics
join sources on sources.id = metrics.source_id
where :source = '' or sources.name = :source
order by source, metrics.place
