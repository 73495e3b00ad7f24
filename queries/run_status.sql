/*
title: Status of a run
description: >-
  Story, current step, duration and final error of a run, and a sentence that sums it up. Usual and p95 (within 1 %) are
  those of completed runs of the same source, pipeline and kind on the 28 days before the run's day; they are empty for
  fewer than 20. The sentence names the step that took longest beyond its own usual. Only what completed is called
  slower. The previous and the next run are of the same source, pipeline and kind.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  run: {type: text, help: the run's key (required)}
  minutes: {type: minutes, default: 60, help: minutes of silence until running work is stuck}
  queued_minutes: {type: minutes, default: 1440, help: minutes of silence until queued or waiting work is stuck}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
*/
with selected as materialized (
    select
        runs.*,
        sources.name as source,
        pipelines.name as pipeline,
        coalesce(stories.source_key, runs.story_key) as story,
        stories.title,
        coalesce(runs.ended_at, runs.started_at, runs.queued_at, '') as latest_at,
        usual.usual_ms,
        usual.p95_ms
    from sources
    cross join runs
        on
            runs.source_id = sources.id
            and runs.source_key = :run
    left join pipelines on pipelines.id = runs.pipeline_id
    left join stories on stories.id = runs.story_id
    left join usual_run_durations as usual
        on
            usual.source_id = runs.source_id
            and usual.pipeline_id = coalesce(runs.pipeline_id, 0)
            and usual.kind = runs.kind
            and usual.day = runs.day
    where :source in ('', sources.name)
),

-- The step runs of the run itself and, for a batch, of the runs of its stories.
its_step_runs as materialized (
    select
        selected.id as selected_id,
        steps.name,
        steps.family,
        coalesce(steps.pipeline_id, 0) as pipeline_id,
        step_runs.*
    from selected
    cross join runs
        on
            runs.id = selected.id
            or runs.parent_id = selected.id
    cross join step_runs on step_runs.run_id = runs.id
    cross join steps on steps.id = step_runs.step_id
    where
        step_runs.gone_at is null
        or selected.gone_at is not null
),

usual_steps as materialized (
    select
        families.selected_id,
        families.family,
        families.pipeline_id,
        usual.usual_ms
    from (
        select
            selected_id,
            family,
            pipeline_id,
            min(step_id) as step_id
        from its_step_runs
        where duration_ms is not null
        group by selected_id, family, pipeline_id
    ) as families
    cross join usual_step_durations as usual
        on
            usual.run_id = families.selected_id
            and usual.step_id = families.step_id
),

-- Why it was slow, where it was: the step that took longest beyond its usual, at least a tenth.
slow_steps as (
    select
        its.selected_id,
        its.name,
        its.duration_ms,
        usual_steps.usual_ms,
        row_number() over (
            partition by its.selected_id
            order by its.duration_ms - usual_steps.usual_ms desc, its.id
        ) as place
    from its_step_runs as its
    join usual_steps using (selected_id, family, pipeline_id)
    where its.duration_ms > 1.1 * usual_steps.usual_ms
),

-- The step that failed last, or is open; one whose failed attempt was followed by another comes after those that were
-- not tried again.
last_steps as (
    select
        selected_id,
        status = 'failed' as is_failed,
        name,
        error_message,
        row_number() over (
            partition by selected_id, status = 'failed'
            order by is_latest desc, coalesce(ended_at, started_at, queued_at) desc, id desc
        ) as place
    from (
        select
            *,
            row_number() over (
                partition by selected_id, story_id, step_id
                order by coalesce(last_activity_at, ended_at, started_at) desc, id desc
            ) = 1 as is_latest
        from its_step_runs
    )
    where status in ('failed', 'running', 'waiting', 'queued')
),

signs as (
    select
        selected.id,
        max(open_work.last_sign) as last_sign,
        min(open_work.is_waiting) as is_waiting
    from selected
    join open_work
        on
            open_work.source_id = selected.source_id
            and open_work.run = selected.source_key
    group by selected.id
),

-- All that the sentence is made of; error is its first line, shortened.
facts as (
    select
        selected.id,
        selected.status,
        selected.source_status,
        selected.duration_ms,
        selected.usual_ms,
        slow_steps.name as slow_step,
        slow_steps.duration_ms as slow_step_ms,
        slow_steps.usual_ms as slow_step_usual_ms,
        case
            when selected.status in ('failed', 'blocked')
                then coalesce(failed.name, remembered.step, selected.failure_stage, selected.current_step)
            when selected.status <> 'completed' then coalesce(selected.current_step, opened.name)
        end as step,
        case
            when selected.status in ('failed', 'blocked')
                then coalesce(selected.error_message, failed.error_message, remembered.error)
        end as error,
        max(
            cast(
                round(
                    (julianday(:as_of) - julianday(coalesce(selected.started_at, selected.queued_at))) * 86400000
                ) as integer
            ),
            0
        ) as open_ms,
        max(
            cast(round((julianday(:as_of) - julianday(nullif(signs.last_sign, ''))) * 86400000) as integer),
            0
        ) as silent_ms,
        60000 * case when signs.is_waiting then cast(:queued_minutes as real) else cast(:minutes as real) end
            as silent_limit_ms,
        signs.id is not null and not signs.is_waiting and signs.last_sign = '' as is_without_sign
    from selected
    left join slow_steps
        on
            slow_steps.selected_id = selected.id
            and slow_steps.place = 1
    left join last_steps as failed
        on
            failed.selected_id = selected.id
            and failed.is_failed
            and failed.place = 1
    left join last_steps as opened
        on
            opened.selected_id = selected.id
            and not opened.is_failed
            and opened.place = 1
    left join pruned_failures as remembered on remembered.run_id = selected.id
    left join signs on signs.id = selected.id
),

-- Durations in words: from how long on, the smaller unit, how many make the larger one, their names.
units (least_ms, small_ms, parts, large, small) as (
    values
    (59950, 1000, 60, ' min', ' s'),
    (3599500, 60000, 60, ' h', ' min'),
    (172770000, 3600000, 24, ' d', ' h')
),

names (name) as (
    values ('run'), ('usual'), ('slow step'), ('slow step usual'), ('open'), ('silent')
),

durations as (
    select
        facts.id,
        names.name,
        case names.name
            when 'run' then facts.duration_ms
            when 'usual' then facts.usual_ms
            when 'slow step' then facts.slow_step_ms
            when 'slow step usual' then facts.slow_step_usual_ms
            when 'open' then facts.open_ms
            else facts.silent_ms
        end as ms
    from facts
    cross join names
),

texts as (
    select
        durations.id,
        durations.name,
        case
            when durations.ms is null then null
            when durations.ms < 1000 then durations.ms || ' ms'
            when units.small_ms is null then printf('%.1f s', durations.ms / 1000.0)
            else
                (cast(round(1.0 * durations.ms / units.small_ms) as integer) / units.parts) || units.large
                || coalesce(
                    ' ' || nullif(cast(round(1.0 * durations.ms / units.small_ms) as integer) % units.parts, 0)
                    || units.small,
                    ''
                )
        end as text
    from durations
    left join units
        on units.least_ms = (select max(least_ms) from units as lower where lower.least_ms <= durations.ms)
),

words as (
    select
        id,
        max(case name when 'run' then text end) as run,
        max(case name when 'usual' then text end) as usual,
        max(case name when 'slow step' then text end) as slow_step,
        max(case name when 'slow step usual' then text end) as slow_step_usual,
        max(case name when 'open' then text end) as open,
        max(case name when 'silent' then text end) as silent
    from texts
    group by id
),

summaries as (
    select
        facts.id,
        case
            when facts.status is null then 'Unknown status' || coalesce(' ''' || facts.source_status || '''', '')
            when
                facts.status in ('running', 'queued', 'waiting')
                and (facts.silent_ms >= facts.silent_limit_ms or facts.is_without_sign)
                then
                    'Stuck' || coalesce(' in ' || facts.step, '') || ': ' || facts.status
                    || coalesce(' for ' || words.open, '')
                    || coalesce(', silent for ' || words.silent, ' without a sign of life')
            when facts.status in ('running', 'queued', 'waiting')
                then
                    upper(substr(facts.status, 1, 1)) || substr(facts.status, 2) || coalesce(' for ' || words.open, '')
                    || coalesce(' in ' || facts.step, '') || coalesce('; usually ' || words.usual, '')
            else
                upper(substr(facts.status, 1, 1)) || substr(facts.status, 2)
                || coalesce(
                    case facts.status when 'completed' then ' in ' else ' after ' end || words.run,
                    ''
                )
                || coalesce(' in ' || facts.step, '')
        end
        || case
            when facts.status <> 'completed' or coalesce(facts.usual_ms, 0) = 0 or facts.duration_ms is null then ''
            when facts.duration_ms >= 9.95 * facts.usual_ms
                then printf(', %.0f times the usual ', 1.0 * facts.duration_ms / facts.usual_ms) || words.usual
            when facts.duration_ms >= 2.05 * facts.usual_ms
                then printf(', %.1f times the usual ', 1.0 * facts.duration_ms / facts.usual_ms) || words.usual
            when facts.duration_ms >= 1.95 * facts.usual_ms then ', twice the usual ' || words.usual
            when facts.duration_ms > 1.1 * facts.usual_ms
                then
                    printf(', %.0f %% more than the usual ', 100.0 * facts.duration_ms / facts.usual_ms - 100)
                    || words.usual
            when facts.duration_ms >= 0.9 * facts.usual_ms then ', about the usual ' || words.usual
            else
                printf(', %.0f %% less than the usual ', 100 - 100.0 * facts.duration_ms / facts.usual_ms)
                || words.usual
        end
        || case
            when facts.status = 'completed' and facts.duration_ms > 1.1 * facts.usual_ms
                then
                    coalesce(
                        ': ' || facts.slow_step || ' took ' || words.slow_step || ' (usually '
                        || words.slow_step_usual || ')',
                        ''
                    )
            else coalesce(': ' || errors.text, '')
        end
        || case when facts.error is not null and substr(errors.text, -1) in ('.', '!', '?', '…') then '' else '.' end
            as summary
    from facts
    join words on words.id = facts.id
    join (
        select
            id,
            case when length(line) > 200 then substr(line, 1, 199) || '…' else line end as text
        from (
            select
                id,
                trim(substr(error, 1, instr(error || char(10), char(10)) - 1), ' ' || char(13)) as line
            from facts
        )
    ) as errors on errors.id = facts.id
)

select
    selected.source,
    selected.kind,
    selected.source_key as run,
    selected.story,
    selected.title,
    selected.status,
    selected.current_step,
    coalesce(selected.started_at, selected.queued_at) as started_at,
    selected.ended_at,
    selected.duration_ms,
    selected.error_message as error,
    selected.pipeline,
    selected.usual_ms,
    selected.p95_ms,
    case
        when selected.status = 'completed'
            then round(100.0 * (selected.duration_ms - selected.usual_ms) / nullif(selected.usual_ms, 0), 2)
    end as slower_pct,
    coalesce(
        (
            select earlier.source_key
            from runs as earlier
            where
                earlier.source_id = selected.source_id
                and earlier.day = selected.day
                and earlier.pipeline_id is selected.pipeline_id
                and earlier.kind = selected.kind
                and (coalesce(earlier.ended_at, earlier.started_at, earlier.queued_at, ''), earlier.id)
                < (selected.latest_at, selected.id)
            order by coalesce(earlier.ended_at, earlier.started_at, earlier.queued_at, '') desc, earlier.id desc
            limit 1
        ),
        (
            select earlier.source_key
            from runs as earlier
            where
                earlier.source_id = selected.source_id
                and earlier.day = (
                    select max(days.day)
                    from rollup_run_days as days
                    where
                        days.source_id = selected.source_id
                        and days.pipeline_id = coalesce(selected.pipeline_id, 0)
                        and days.kind = selected.kind
                        and days.day < selected.day
                        and days.day <> ''
                )
                and earlier.pipeline_id is selected.pipeline_id
                and earlier.kind = selected.kind
            order by coalesce(earlier.ended_at, earlier.started_at, earlier.queued_at, '') desc, earlier.id desc
            limit 1
        )
    ) as previous_run,
    coalesce(
        (
            select later.source_key
            from runs as later
            where
                later.source_id = selected.source_id
                and later.day = selected.day
                and later.pipeline_id is selected.pipeline_id
                and later.kind = selected.kind
                and (coalesce(later.ended_at, later.started_at, later.queued_at, ''), later.id)
                > (selected.latest_at, selected.id)
            order by coalesce(later.ended_at, later.started_at, later.queued_at, ''), later.id
            limit 1
        ),
        (
            select later.source_key
            from runs as later
            where
                later.source_id = selected.source_id
                and later.day = (
                    select min(days.day)
                    from rollup_run_days as days
                    where
                        days.source_id = selected.source_id
                        and days.pipeline_id = coalesce(selected.pipeline_id, 0)
                        and days.kind = selected.kind
                        and days.day > selected.day
                        and selected.day <> ''
                )
                and later.pipeline_id is selected.pipeline_id
                and later.kind = selected.kind
            order by coalesce(later.ended_at, later.started_at, later.queued_at, ''), later.id
            limit 1
        )
    ) as next_run,
    summaries.summary
from selected
join summaries on summaries.id = selected.id
order by selected.source
