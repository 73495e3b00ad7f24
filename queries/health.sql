/*
title: Health
description: >-
  All checks, problems first. Each check names the report with the details and uses the same limits: an hour of silence
  is stuck (a day for queued and waiting work), three failures in a row are blocked. A run of the last 24 hours is
  slow if it took longer than the p95 of the 28 days before; as one in twenty does, slow runs are a warning from more
  than one in ten of a pipeline on. A source is fresh if it was ingested within a day. The sources file may set other
  limits.
topic: Integrity
params:
  source: {type: source, help: one source only}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
  minutes: {type: minutes, default: 60, help: minutes of silence of running work}
  queued_minutes: {type: minutes, default: 1440, help: minutes of silence of queued or waiting work}
  failures: {type: number, default: 3, least: 1, help: failures in a row that block a story}
  stale_minutes: {type: minutes, default: 1440, help: minutes since the last ingest of a stale source}
*/
with limits as (
    select
        cast(:minutes as integer) as minutes,
        cast(:queued_minutes as integer) as queued_minutes,
        cast(:failures as integer) as failures,
        cast(:stale_minutes as integer) as stale_minutes
),

-- The limits as the sentences say them.
words as (
    select
        case when minutes % 60 = 0 then (minutes / 60) || ' h' else minutes || ' min' end as running,
        case
            when queued_minutes % 60 = 0 then (queued_minutes / 60) || ' h'
            else queued_minutes || ' min'
        end as queued,
        failures || ' times in a row' as failures,
        case when stale_minutes % 60 = 0 then (stale_minutes / 60) || ' h' else stale_minutes || ' min' end as stale
    from limits
),

selected as (
    select
        id,
        last_ingest_at
    from source_states
    where :source = '' or name = :source
),

-- Completed runs of the last 24 hours, and what is usual for them: one row a day, source, pipeline and kind of them.
last_runs as materialized (
    select
        runs.source_id,
        coalesce(runs.pipeline_id, 0) as pipeline_id,
        runs.kind,
        runs.day,
        runs.duration_ms
    from selected
    cross join runs
        on
            runs.source_id = selected.id
            and runs.day >= date(:as_of, '-1 day')
            and runs.day <= date(:as_of)
    where
        runs.status = 'completed'
        and runs.duration_ms is not null
        and coalesce(runs.ended_at, runs.started_at, runs.queued_at)
        > strftime('%Y-%m-%dT%H:%M:%fZ', :as_of, '-24 hours')
        and coalesce(runs.ended_at, runs.started_at, runs.queued_at) <= strftime('%Y-%m-%dT%H:%M:%fZ', :as_of)
),

usual as materialized (
    select
        durations.source_id,
        durations.pipeline_id,
        durations.kind,
        durations.day,
        durations.p95_ms
    from (
        select distinct
            source_id,
            pipeline_id,
            kind,
            day
        from last_runs
    ) as days
    cross join usual_run_durations as durations using (source_id, pipeline_id, kind, day)
),

slow as materialized (
    select
        sum(0.99 * last_runs.duration_ms > usual.p95_ms) as runs,
        count(*) as compared_runs
    from last_runs
    join usual using (source_id, pipeline_id, kind, day)
    group by last_runs.source_id, last_runs.pipeline_id, last_runs.kind
),

-- The number of findings of each check; is_checked is 0 if no source has the data that it needs.
found (name, count, is_checked) as (
    select
        'orphans',
        count(*),
        1
    from orphaned_rows
    where source_id in (select id from selected)
    union all
    select
        'stuck',
        count(*),
        1
    from open_work
    cross join limits
    where
        source_id in (select id from selected)
        and case
            when is_waiting
                then (strftime('%s', :as_of) - strftime('%s', nullif(last_sign, ''))) / 60 >= limits.queued_minutes
            else coalesce(
                (strftime('%s', :as_of) - strftime('%s', nullif(last_sign, ''))) / 60 >= limits.minutes,
                1
            )
        end
    union all
    select
        'failed',
        count(*),
        1
    from rollup_failed_steps
    where source_id in (select id from selected)
    union all
    select
        'failed runs',
        count(*),
        1
    from failed_work
    where
        source_id in (select id from selected)
        and story_id is null
        and story_key is null
        and recovered_at is null
        -- A job that failed before it had a story is one of the failed stories.
        and kind <> 'job'
    union all
    select
        'slow runs',
        coalesce(sum(runs), 0),
        1
    from slow
    union all
    select
        'blocked',
        count(*),
        1
    from rollup_failing_stories
    where
        source_id in (select id from selected)
        and (consecutive_failures >= (select failures from limits) or is_blocked)
    union all
    select
        'chapters',
        count(*),
        (
            -- A source has chapter counts for all of its stories or for none: one story shows which.
            select
                coalesce(
                    max((select lacks_chapters from stories where source_id = selected.id limit 1) is not null),
                    0
                )
            from selected
        )
    from stories
    where
        lacks_chapters
        and gone_at is null
        and source_id in (select id from selected)
    union all
    select
        'trees',
        coalesce(sum(problems), 0),
        (
            select coalesce(max((select kind from story_nodes where source_id = selected.id limit 1) is 'node'), 0)
            from selected
        )
    from rollup_story_trees
    where
        problems > 0
        and source_id in (select id from selected)
    union all
    select
        'outputs',
        (
            select coalesce(sum(mismatches), 0)
            from rollup_mismatches
            where source_id in (select id from selected)
        ) + (
            select count(*)
            from file_problems
            where source_id in (select id from selected)
        ) + (
            select count(*)
            from unregistered_mismatches
            where source_id in (select id from selected)
        ),
        case
            when
                exists (
                    select 1
                    from inputs
                    where
                        part = 'outputs'
                        and source_id in (select id from selected)
                )
                then 1
            else 0
        end
    union all
    select
        'freshness',
        count(*),
        1
    from selected
    cross join limits
    where last_ingest_at < strftime('%Y-%m-%dT%H:%M:%fZ', :as_of, '-' || limits.stale_minutes || ' minutes')
    union all
    select
        'data quality',
        (select count(*) from reject_reasons where source_id in (select id from selected))
        + (select count(*) from unknown_statuses where source_id in (select id from selected))
        + (select count(*) from source_findings where source_id in (select id from selected))
        + (select count(*) from early_ends where source_id in (select id from selected)),
        1
    union all
    select
        'unpriced calls',
        coalesce(sum(unpriced_calls), 0),
        count(*) > 0
    from rollup_calls
    where source_id in (select id from selected)
),

checks (place, name, report, status, if_one, if_many, action, if_none, if_unchecked) as (
    values
    (
        1,
        'orphans',
        'orphans',
        'warning',
        'row points to a missing story or run.',
        'rows point to a missing story or run.',
        'Restore the missing rows, or delete the rows that point to them.',
        'No row points to a missing story or run.',
        ''
    ),
    (
        2,
        'stuck',
        'stuck_runs',
        'problem',
        'run or step has been silent for too long: {running} while running, {queued} while queued or waiting.',
        'runs or steps have been silent for too long: {running} while running, {queued} while queued or waiting.',
        'Check whether they still run, and restart those that do not.',
        'No running work has been silent for {running}, no queued or waiting work for {queued}.',
        ''
    ),
    (
        3,
        'failed',
        'failed_stories',
        'warning',
        'story step failed and has not completed since.',
        'story steps failed and have not completed since.',
        'Read the errors and run these steps again.',
        'No story step is failed.',
        ''
    ),
    (
        4,
        'failed runs',
        'failed_runs',
        'warning',
        'run or step failed that is not about a story.',
        'runs or steps failed that are not about a story.',
        'The report lists those of stories, too: read the errors of those without one, and run them again.',
        'No run or step without a story is failed.',
        ''
    ),
    (
        5,
        'blocked',
        'blocked_stories',
        'problem',
        'story failed {failures} or is blocked.',
        'stories failed {failures} or are blocked.',
        'Fix the cause before they are retried.',
        'No story failed {failures} or is blocked.',
        ''
    ),
    (
        6,
        'chapters',
        'stories_without_chapters',
        'warning',
        'story has no chapter count.',
        'stories have no chapter count.',
        'Generate their outlines again, or set the counts in the source.',
        'Every story has a chapter count.',
        'No source has chapter counts.'
    ),
    (
        7,
        'trees',
        'story_tree_problems',
        'problem',
        'story-tree error readers can run into.',
        'story-tree errors readers can run into.',
        'Fix the nodes and options in the source.',
        'No story tree has an error.',
        'No source has story trees.'
    ),
    (
        8,
        'outputs',
        'output_mismatches',
        'warning',
        'mismatch between files and statuses.',
        'mismatches between files and statuses.',
        'Run the step again if its file is missing; fix the status if the file is there.',
        'Files and statuses agree.',
        'No folder of outputs was ingested: ingest it with its source.'
    ),
    (
        9,
        'freshness',
        'ingests',
        'warning',
        'source was not ingested for more than {stale}.',
        'sources were not ingested for more than {stale}.',
        'Run storyreport ingest.',
        'Every source was ingested within {stale}.',
        ''
    ),
    (
        10,
        'data quality',
        'data_quality',
        'warning',
        'data-quality finding.',
        'data-quality findings.',
        'Do what the report advises for each of them.',
        'All rows and values can be trusted.',
        ''
    ),
    (
        11,
        'unpriced calls',
        'cost',
        'warning',
        'call has no price; totals are too low.',
        'calls have no price; totals are too low.',
        'Set their prices (storyreport reprice --prices FILE); calls without tokens, as of failures, stay unpriced.',
        'Every call has a cost.',
        'No source has calls.'
    ),
    (
        12,
        'slow runs',
        'slow_runs',
        'warning',
        'run of the last 24 h was slower than usual.',
        'runs of the last 24 h were slower than usual.',
        'Find the steps that took longer than usual in their timelines.',
        'No run of the last 24 h was slower than usual.',
        ''
    )
),

evaluated as (
    select
        name,
        count,
        is_checked,
        count > 0
        and (
            name <> 'slow runs'
            or exists (
                select 1
                from slow
                where 10 * runs > compared_runs
            )
        ) as is_news
    from found
)

select
    checks.name as "check",
    case when found.is_news then checks.status else 'ok' end as status,
    found.count,
    replace(
        replace(
            replace(
                replace(
                    case
                        when found.count > 1 then printf('%,d ', found.count) || checks.if_many
                        when found.count = 1 then '1 ' || checks.if_one
                        when found.is_checked then checks.if_none
                        else checks.if_unchecked
                    end,
                    '{running}',
                    words.running
                ),
                '{queued}',
                words.queued
            ),
            '{failures}',
            words.failures
        ),
        '{stale}',
        words.stale
    ) as detail,
    case when found.is_news then checks.action end as action,
    checks.report
from checks
join evaluated as found using (name)
cross join words
where exists (select 1 from selected)
order by found.is_news and checks.status = 'problem' desc, found.is_news desc, checks.place
