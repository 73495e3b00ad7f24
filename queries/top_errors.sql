/*
title: Top errors
description: >-
  Most frequent errors, with the number of stories and steps affected. Errors that differ only in ids, measures, times,
  paths, URLs and quoted parts are one; status and error codes, exception classes and types tell them apart. Each error
  is counted once: on the step run or call that ended with it, otherwise on the run. With dates, the stories of a lake
  are unknown. What an error cost is not known: a call names its run and step, not the attempt; Cost of failures has
  the cost of runs and calls that failed.
topic: Failures
lake: rollups
params:
  source: {type: source, help: one source only}
  pipeline: {type: pipeline, help: one pipeline only}
  since: {type: date, help: first day (UTC)}
  until: {type: date, help: 'last day (UTC), included'}
  compare: {type: choice, choices: [previous], help: draw the period before as ticks}
headline:
  - '{occurrences.sum:occurrence} of {rows:error}.'
  - 'Most frequent, {occurrences[0]:time}: {error[0]}'
chart:
  mark: bar
  encoding:
    y: {field: error, type: nominal, sort: -x}
    x: {field: occurrences, type: quantitative, title: occurrences}
*/
-- Without dates, the rollup of the whole history has the answer; with dates, stories are counted once for all days.
with selected as (
    select id
    from sources
    where :source = '' or name = :source
),

days as (
    select
        error_id,
        source_id,
        family,
        pipeline_id,
        sum(occurrences) as occurrences,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from rollup_error_days
    where
        :since || :until <> ''
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
        and day >= :since
        and day <= coalesce(nullif(:until, ''), '9999-12-31')
        and (:until = '' or day <> '')
    group by error_id, source_id, family, pipeline_id
),

-- A story is affected in the period if its first or last day with the error lies in it; otherwise its rows decide.
affected as (
    select distinct
        known.error_id,
        known.source_id,
        known.story_id
    from (select distinct error_id from days) as errors_of_period
    cross join rollup_story_errors as known
        on
            known.error_id = errors_of_period.error_id
            and known.last_day >= max(:since, '0')
            and known.first_day <= coalesce(nullif(:until, ''), '9999-12-31')
            and (:pipeline = '' or known.pipeline_id in (select id from pipelines where name = :pipeline))
    where
        known.first_day >= max(:since, '0')
        or known.last_day <= coalesce(nullif(:until, ''), '9999-12-31')
        or exists (
            select 1
            from (
                select
                    step_runs.day,
                    step_runs.error_id,
                    steps.pipeline_id
                from step_runs
                join steps on steps.id = step_runs.step_id
                where step_runs.story_id = known.story_id
                union all
                select
                    day,
                    error_id,
                    pipeline_id
                from calls
                where calls.story_id = known.story_id
                union all
                select
                    day,
                    error_id,
                    pipeline_id
                from runs
                where
                    runs.story_id = known.story_id
                    and runs.pruned_at is null
                    and not exists (
                        select 1
                        from step_runs
                        where
                            step_runs.run_id = runs.id
                            and step_runs.error_id is not null
                    )
                union all
                select
                    day,
                    error_id,
                    pipeline_id
                from pruned_errors
                where pruned_errors.story_id = known.story_id
            ) as seen
            where
                seen.error_id = known.error_id
                and (:pipeline = '' or seen.pipeline_id in (select id from pipelines where name = :pipeline))
                and seen.day >= max(:since, '0')
                and seen.day <= coalesce(nullif(:until, ''), '9999-12-31')
        )
),

stories_affected as (
    select
        rollup_error_stories.error_id,
        sum(
            case
                when :pipeline = '' then rollup_error_stories.stories
                else rollup_error_stories.stories_of_pipeline
            end
        ) as stories
    from rollup_error_stories
    join selected on selected.id = rollup_error_stories.source_id
    where
        :since || :until = ''
        and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
    group by rollup_error_stories.error_id
    union all
    select
        affected.error_id,
        count(*)
    from affected
    join selected on selected.id = affected.source_id
    group by affected.error_id
),

aggregated as (
    select
        found.error_id,
        sum(found.occurrences) as occurrences,
        count(
            distinct
            case when found.family <> '' then selected.id || ' ' || found.pipeline_id || ' ' || found.family end
        ) as steps,
        min(found.first_seen) as first_seen,
        max(found.last_seen) as last_seen
    from (
        select
            error_id,
            source_id,
            family,
            pipeline_id,
            occurrences,
            first_seen,
            last_seen
        from rollup_errors
        where
            :since || :until = ''
            and (:pipeline = '' or pipeline_id in (select id from pipelines where name = :pipeline))
        union all
        select
            error_id,
            source_id,
            family,
            pipeline_id,
            occurrences,
            first_seen,
            last_seen
        from days
    ) as found
    join selected on selected.id = found.source_id
    group by found.error_id
)

select
    errors.fingerprint as error,
    aggregated.occurrences,
    -- Of a lake the rows that decide are not here.
    case
        when
            :since || :until = ''
            or not exists (select 1 from lakes where source_id in (select id from selected))
            then coalesce(stories_affected.stories, 0)
    end as stories,
    aggregated.steps,
    aggregated.first_seen,
    aggregated.last_seen,
    errors.example
from aggregated
join errors on errors.id = aggregated.error_id
left join stories_affected on stories_affected.error_id = aggregated.error_id
order by aggregated.occurrences desc, stories desc, aggregated.last_seen desc, error
