/*
title: Log metrics
description: >-
  Cache hits, conflicts and skips, from log lines. Needs the log of a story-generation service. Cache hits are counted
  from log lines; without them, every story context loaded without a miss counts as a hit. A miss is a chapter count
  that is determined again (from the outline, the database or the default). Without debug lines the hit rate is unknown.
  The other metrics are numbers of lines. Samples are the lookups or lines behind a value.
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
-- Without dates, the rollup of the whole history has the answer.
with lines as (
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

-- Lines by metric; `determined` lines are only written at debug level.
aggregated as (
    select
        source_id,
        sum(case when metric = 'context_loaded' then samples else 0 end) as contexts,
        sum(case when metric = 'chapter_count_cached' then samples else 0 end) as cached,
        sum(
            case when metric in ('chapter_count_from_outline', 'chapter_count_from_database') then samples else 0 end
        ) as determined,
        sum(case when metric = 'chapter_count_defaulted' then samples else 0 end) as defaulted,
        sum(case when metric in ('story_not_found', 'orphaned_run_failed') then samples else 0 end)
            as stories_not_found,
        sum(case when metric = 'failed_run_skip' then samples else 0 end) as skips,
        sum(case when metric = 'progress_conflict' then samples else 0 end) as conflicts,
        sum(case when metric = 'workflow_error' then samples else 0 end) as errors
    from lines
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
    from aggregated
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
    from aggregated
    union all
    select
        source_id,
        3,
        'failed_run_skips',
        skips,
        'lines',
        skips
    from aggregated
    union all
    select
        source_id,
        4,
        'progress_conflicts',
        conflicts,
        'lines',
        conflicts
    from aggregated
    union all
    select
        source_id,
        5,
        'workflow_errors',
        errors,
        'lines',
        errors
    from aggregated
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
