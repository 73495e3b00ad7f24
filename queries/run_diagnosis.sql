/*
title: Diagnosis of a run
description: >-
  Problems of a run and how to fix them, worst first. Checks its story, status, steps, calls, warnings and duration. A
  batch is checked with its stories. Enter the run's key as its source writes it.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  run: {type: text, help: the run's key (required)}
  minutes: {type: minutes, default: 60, help: minutes of silence until the run is stuck}
  as_of: {type: time, default: now, help: evaluate as of this time (UTC)}
*/
with selected as (
    select
        runs.*,
        sources.name as source,
        stories.source_key as story,
        stories.title,
        stories.chapter_count,
        runs.source_id in (select source_id from sources_with_stories) as has_stories
    from sources
    cross join runs
        on
            runs.source_id = sources.id
            and runs.source_key = :run
    left join stories on stories.id = runs.story_id
    where :source in ('', sources.name)
),

-- The run itself and, for a batch, the runs of its stories.
parts as (
    select
        selected.id as selected_id,
        runs.*
    from selected
    cross join runs
        on
            runs.id = selected.id
            or runs.parent_id = selected.id
    where
        runs.gone_at is null
        or selected.gone_at is not null
),

-- Deleted step runs are left out, unless the run itself was deleted: then its step runs name it by key. + keeps the
-- planner to the index of these keys.
its_step_runs as (
    select
        parts.selected_id,
        step_runs.*
    from parts
    cross join step_runs
        on
            step_runs.run_id = parts.id
            or (step_runs.run_key = parts.source_key and +step_runs.source_id = parts.source_id)
    where
        step_runs.gone_at is null
        or parts.gone_at is not null
),

attempts as (
    select
        its_step_runs.selected_id,
        steps.name as step,
        its_step_runs.status,
        its_step_runs.error_message,
        its_step_runs.ended_at < its_step_runs.started_at as is_backwards,
        count(*) over (
            partition by its_step_runs.selected_id, its_step_runs.story_id, its_step_runs.step_id
        ) as attempts,
        row_number() over (
            partition by its_step_runs.selected_id, its_step_runs.story_id, its_step_runs.step_id
            order by
                coalesce(its_step_runs.last_activity_at, its_step_runs.ended_at, its_step_runs.started_at) desc,
                its_step_runs.id desc
        ) = 1 as is_latest
    from its_step_runs
    join steps on steps.id = its_step_runs.step_id
),

step_counts as (
    select
        selected.id,
        count(attempts.step) as steps,
        coalesce(sum(attempts.status = 'completed'), 0) as completed,
        coalesce(sum(attempts.status = 'failed'), 0) as failed,
        coalesce(sum(attempts.status in ('queued', 'running', 'waiting')), 0) as open,
        coalesce(sum(attempts.attempts > 1), 0) as retried,
        group_concat(case when attempts.status = 'failed' then attempts.step end, ', ') as failed_steps,
        group_concat(case when attempts.status in ('queued', 'running', 'waiting') then attempts.step end, ', ')
            as open_steps,
        group_concat(case when attempts.attempts > 1 then attempts.step end, ', ') as retried_steps,
        max(case when attempts.status = 'failed' then attempts.error_message end) as error
    from selected
    left join attempts
        on
            attempts.selected_id = selected.id
            and attempts.is_latest
    group by selected.id
),

chapters as (
    select
        selected.id,
        count(distinct steps.name) as written
    from selected
    left join its_step_runs
        on
            its_step_runs.selected_id = selected.id
            and its_step_runs.status = 'completed'
    left join steps
        on
            steps.id = its_step_runs.step_id
            and steps.family = 'write_chapter'
    group by selected.id
),

call_counts as (
    select
        selected.id,
        coalesce(sum(priced_calls.calls), 0) as calls,
        coalesce(sum(priced_calls.status = 'failed'), 0) as failed,
        coalesce(sum(priced_calls.unpriced_calls), 0) as unpriced,
        max(case when priced_calls.status = 'failed' then priced_calls.error_message end) as error
    from selected
    left join priced_calls
        on
            priced_calls.run_id = selected.id
            and (
                priced_calls.gone_at is null
                or selected.gone_at is not null
            )
    group by selected.id
),

last_signs as (
    select
        selected.id,
        nullif(max(open_work.last_sign), '') as last_sign,
        max(0, (strftime('%s', :as_of) - strftime('%s', nullif(max(open_work.last_sign), ''))) / 60)
            as silent_minutes
    from selected
    join open_work
        on
            open_work.source_id = selected.source_id
            and open_work.run = selected.source_key
            and not open_work.is_waiting
    group by selected.id
),

-- How long it took, against the runs before it.
paces as (
    select
        selected.id,
        selected.status,
        selected.duration_ms,
        usual.usual_ms,
        selected.status = 'completed' and 0.99 * selected.duration_ms > usual.p95_ms as is_slow
    from selected
    left join usual_run_durations as usual
        on
            usual.source_id = selected.source_id
            and usual.pipeline_id = coalesce(selected.pipeline_id, 0)
            and usual.kind = selected.kind
            and usual.day = selected.day
),

-- The error of a failed run, or of a step that failed.
known_errors as (
    select
        selected.id,
        coalesce(
            selected.error_id,
            (
                select max(failures.error_id)
                from its_step_runs as failures
                where
                    failures.selected_id = selected.id
                    and failures.status = 'failed'
            )
        ) as error_id
    from selected
    where selected.status = 'failed'
),

same_errors as (
    select
        known_errors.id,
        sum(others.occurrences) as occurrences,
        strftime('%Y-%m-%d %H:%M', min(others.first_seen)) as first_at,
        strftime('%Y-%m-%d %H:%M', max(others.last_seen)) as last_at,
        count(distinct others.family) as families,
        min(others.family) as family,
        count(distinct pipelines.id) as pipelines,
        min(pipelines.name) as pipeline
    from known_errors
    cross join rollup_error_days as others on others.error_id = known_errors.error_id
    left join pipelines on pipelines.id = others.pipeline_id
    group by known_errors.id
),

checks (id, place, name, status, detail, action) as (
    select
        id,
        1,
        'story',
        case
            when story is not null then 'ok'
            when story_key is not null and has_stories then 'problem'
            when story_key is not null or kind = 'job' and status = 'completed' then 'warning'
            else 'ok'
        end,
        case
            when story is not null then 'Story ' || story || coalesce(', ' || title, '') || '.'
            when story_key is not null and has_stories then 'Story ' || story_key || ' is missing in ' || source || '.'
            when story_key is not null
                then 'Story ' || story_key || ' is unknown: the stories of ' || source || ' are not ingested.'
            when kind = 'job' and status = 'completed' then 'Completed, but names no story.'
            else 'Not about a single story.'
        end,
        case
            when story is not null then null
            when story_key is not null and has_stories
                then 'Restore story ' || story_key || ' in ' || source || ', or cancel the run and delete it there.'
            when story_key is not null then 'Ingest the stories of ' || source || ' too.'
            when kind = 'job' and status = 'completed' then 'Check in ' || source || ' what happened to its story.'
        end
    from selected
    union all
    select
        selected.id,
        2,
        'state',
        case
            when selected.status is null then 'warning'
            when selected.status in ('failed', 'blocked') then 'problem'
            when selected.status in ('cancelled', 'waiting') then 'warning'
            else 'ok'
        end,
        case
            when selected.status is null then 'Unknown status: ' || coalesce(selected.source_status, '(none)') || '.'
            when selected.status in ('failed', 'blocked')
                then
                    case selected.status when 'failed' then 'Failed' else 'Blocked' end
                    || coalesce(
                        ' at ' || coalesce(selected.failure_stage, selected.current_step, step_counts.failed_steps),
                        ''
                    )
                    || coalesce(' (' || selected.failure_code || ')', '')
                    || coalesce(': ' || coalesce(selected.error_message, step_counts.error, call_counts.error), '.')
            else
                upper(substr(selected.status, 1, 1)) || substr(selected.status, 2)
                || coalesce(' at ' || selected.current_step, '') || '.'
        end,
        case
            when selected.status is null then 'Fix the status in ' || selected.source || '.'
            when selected.status = 'failed' then 'Fix the error, then run it again from there.'
            when selected.status = 'blocked' then 'Find what blocks it, then resume or cancel it.'
            when selected.status = 'cancelled' then 'Run it again if its story is still needed.'
            when selected.status = 'waiting' then 'Check what it waits for.'
        end
    from selected
    join step_counts using (id)
    join call_counts using (id)
    union all
    select
        id,
        2,
        'same error',
        'warning',
        printf('Seen %,d times, first at ', occurrences) || first_at || ', last at ' || last_at || ' (UTC)'
        || coalesce(', in ' || case families when 1 then nullif(family, '') else families || ' steps' end, '')
        || case pipelines when 0 then '' when 1 then ', of ' || pipeline else ', of ' || pipelines || ' pipelines' end
        || '.',
        'Fix the cause for all of them: failed_runs lists the runs.'
    from same_errors
    where occurrences > 1
    union all
    select
        selected.id,
        3,
        'stuck',
        case
            when last_signs.id is null then 'ok'
            when coalesce(last_signs.silent_minutes, 1e9) >= cast(:minutes as integer) then 'problem'
            else 'ok'
        end,
        case
            when last_signs.id is null then 'Not running.'
            when last_signs.last_sign is null then 'Running, but no sign of life is recorded.'
            else
                'Last sign of life '
                || case
                    when last_signs.silent_minutes >= 2880 then (last_signs.silent_minutes / 1440) || ' days'
                    when last_signs.silent_minutes >= 120 then (last_signs.silent_minutes / 60) || ' hours'
                    else last_signs.silent_minutes || ' minutes'
                end
                || ' ago, at ' || last_signs.last_sign || '.'
        end,
        case
            when coalesce(last_signs.silent_minutes, 1e9) >= cast(:minutes as integer) and last_signs.id is not null
                then
                    'Check whether its process is alive; if not, mark it as failed in ' || selected.source
                    || ' and run it again.'
        end
    from selected
    left join last_signs using (id)
    union all
    select
        id,
        4,
        'failed steps',
        case when failed > 0 then 'problem' else 'ok' end,
        case
            when failed > 0
                then
                    failed || ' of ' || steps || case steps when 1 then ' step' else ' steps' end || ' failed: '
                    || failed_steps || '.'
            when steps = 0 then 'No steps are recorded.'
            when steps = 1 then 'The only step did not fail.'
            else 'None of ' || steps || ' steps failed.'
        end,
        case when failed > 0 then 'Fix what failed (see run_timeline), then run it again.' end
    from step_counts
    union all
    select
        selected.id,
        5,
        'unfinished steps',
        case when step_counts.open > 0 and selected.ended_at is not null then 'warning' else 'ok' end,
        case
            when step_counts.open > 0 then 'Not finished: ' || step_counts.open_steps || '.'
            else
                step_counts.completed || ' of ' || step_counts.steps
                || case step_counts.steps when 1 then ' step' else ' steps' end || ' completed.'
        end,
        case
            when step_counts.open > 0 and selected.ended_at is not null
                then
                    'The run has ended, so they will not finish: run them again, or fix their status in '
                    || selected.source || '.'
        end
    from selected
    join step_counts using (id)
    union all
    select
        selected.id,
        6,
        'chapters',
        case
            when coalesce(selected.chapter_count, 0) = 0 then 'warning'
            when selected.status = 'completed' and chapters.written < selected.chapter_count then 'problem'
            else 'ok'
        end,
        case
            when coalesce(selected.chapter_count, 0) = 0 then 'The story has no chapter count.'
            else
                chapters.written || ' of ' || selected.chapter_count
                || case selected.chapter_count when 1 then ' chapter is' else ' chapters are' end || ' written.'
        end,
        case
            when coalesce(selected.chapter_count, 0) = 0
                then 'Set the chapter count of story ' || selected.story || ' in ' || selected.source || '.'
            when selected.status = 'completed' and chapters.written < selected.chapter_count
                then 'Run it again for the missing chapters.'
        end
    from selected
    join chapters using (id)
    where
        selected.kind = 'workflow_run'
        and selected.story is not null
    union all
    select
        id,
        7,
        'retries',
        case when retried > 0 then 'warning' else 'ok' end,
        case
            when retried > 0 then 'Retried: ' || retried_steps || '.'
            else 'No step was retried.'
        end,
        case when retried > 0 then 'Find out why the first attempt fails: flaky_steps says how often it does.' end
    from step_counts
    union all
    select
        id,
        8,
        'failed calls',
        case when failed > 0 then 'warning' else 'ok' end,
        case
            when failed > 0
                then
                    failed || ' of ' || calls || case calls when 1 then ' call' else ' calls' end || ' failed'
                    || coalesce(': ' || error, '.')
            when calls = 0 then 'No calls are recorded.'
            when calls = 1 then 'The only call did not fail.'
            else 'None of ' || calls || ' calls failed.'
        end,
        case when failed > 0 then 'Repeat them, or change the provider: api_reliability says how often each fails.' end
    from call_counts
    union all
    select
        id,
        9,
        'unpriced calls',
        case when unpriced > 0 then 'warning' else 'ok' end,
        case
            when unpriced > 0
                then
                    unpriced || ' of ' || calls || case calls when 1 then ' call has' else ' calls have' end
                    || ' no price.'
            when calls = 0 then 'No calls are recorded.'
            else 'Every call has a cost.'
        end,
        case when unpriced > 0 then 'Set their prices: storyreport reprice --prices FILE.' end
    from call_counts
    union all
    select
        selected.id,
        10,
        'repeated warnings',
        case when max(rollup_warnings.occurrences) is null then 'ok' else 'warning' end,
        coalesce(
            'Logged ' || max(rollup_warnings.occurrences) || ' times: ' || rollup_warnings.message
            || case when count(*) > 1 then ' (and ' || (count(*) - 1) || ' other repeated warnings)' else '' end,
            'No warning was repeated.'
        ),
        case
            when max(rollup_warnings.occurrences) is not null then 'Fix the cause; repeated_warnings has the times.'
        end
    from selected
    left join rollup_warnings
        on
            rollup_warnings.source_id = selected.source_id
            and rollup_warnings.run = selected.source_key
    group by selected.id
    union all
    select
        selected.id,
        11,
        'times',
        'warning',
        'The run, or a step of it, ended before it began.',
        'Set the time zone of the source if data_quality names one.'
    from selected
    where
        selected.ended_at < selected.started_at
        or exists (select 1 from attempts where attempts.selected_id = selected.id and attempts.is_backwards)
    union all
    select
        selected_id,
        12,
        'stories',
        case when sum(status in ('failed', 'blocked')) > 0 then 'problem' else 'ok' end,
        count(*) || case count(*) when 1 then ' story, ' else ' stories, ' end || sum(status is 'completed')
        || ' completed, ' || sum(status in ('failed', 'blocked')) || ' failed or blocked.',
        case
            when sum(status in ('failed', 'blocked')) > 0
                then 'Fix their errors, then run them again: see failed_stories and blocked_stories.'
        end
    from parts
    where id <> selected_id
    group by selected_id
    union all
    select
        id,
        13,
        'record',
        'warning',
        case
            when gone_at is null then 'Its details were removed by storyreport prune.'
            else 'Deleted in ' || source || '.'
        end,
        null
    from selected
    where coalesce(gone_at, pruned_at) is not null
    union all
    select
        id,
        14,
        'duration',
        case when is_slow then 'warning' else 'ok' end,
        case
            when is_slow
                then
                    'Slower than usual: longer than 95 % of the runs of the 28 days before, '
                    || coalesce(
                        round(1.0 * duration_ms / nullif(usual_ms, 0), 1) || ' times their median.',
                        'whose median is 0.'
                    )
            when is_slow = 0 and status = 'completed' then 'Not slower than usual.'
            when usual_ms is null then 'What is usual is unknown: fewer than 20 runs completed on the 28 days before.'
            else 'Only a completed run is held against what is usual.'
        end,
        case when is_slow then 'Look at the steps that took longer than usual: see run_timeline.' end
    from paces
)

select
    checks.name as "check",
    checks.status,
    checks.detail,
    checks.action,
    selected.source
from checks
join selected on selected.id = checks.id
order by
    case checks.status
        when 'problem' then 1
        when 'warning' then 2
        else 3
    end,
    checks.place,
    selected.source
