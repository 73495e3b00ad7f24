/*
title: Diagnosis of a run
description: >-
  What is wrong with a run, and what to do, the worst first: its story, its state, its steps, its calls, what it warned
  of. A batch is judged with its stories. Give the run's key, as its source writes it.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  run: {type: text, help: the run's key (needed)}
  minutes: {type: number, default: 60, help: minutes without a sign of life that are too many}
  as_of: {type: time, default: now, help: judged at this time (UTC)}
*/
with asked as (
    select
        runs.*,
        sources.name as source,
        stories.source_key as story,
        stories.title,
        stories.chapter_count,
        exists (select 1 from stories as others where others.source_id = runs.source_id) as has_stories
    from sources
    cross join runs
        on
            runs.source_id = sources.id
            and runs.source_key = :run
    left join stories on stories.id = runs.story_id
    where :source in ('', sources.name)
),

-- The run itself, and for a batch those of its stories.
parts as (
    select
        asked.id as asked_id,
        runs.*
    from asked
    cross join runs
        on
            runs.id = asked.id
            or runs.parent_id = asked.id
    where
        runs.gone_at is null
        or asked.gone_at is not null
),

-- A step run that its source has deleted is no longer one of the run; of a run that has gone itself, those that name it
-- by its key are what is left to tell. + keeps the planner to the index of these keys.
its_step_runs as (
    select
        parts.asked_id,
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
        its_step_runs.asked_id,
        steps.name as step,
        its_step_runs.status,
        its_step_runs.error_message,
        its_step_runs.ended_at < its_step_runs.started_at as is_backwards,
        count(*) over (partition by its_step_runs.asked_id, its_step_runs.story_id, its_step_runs.step_id) as attempts,
        row_number() over (
            partition by its_step_runs.asked_id, its_step_runs.story_id, its_step_runs.step_id
            order by
                coalesce(its_step_runs.last_activity_at, its_step_runs.ended_at, its_step_runs.started_at) desc,
                its_step_runs.id desc
        ) = 1 as is_latest
    from its_step_runs
    join steps on steps.id = its_step_runs.step_id
),

step_counts as (
    select
        asked.id,
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
    from asked
    left join attempts
        on
            attempts.asked_id = asked.id
            and attempts.is_latest
    group by asked.id
),

chapters as (
    select
        asked.id,
        count(distinct steps.name) as written
    from asked
    left join its_step_runs
        on
            its_step_runs.asked_id = asked.id
            and its_step_runs.status = 'completed'
    left join steps
        on
            steps.id = its_step_runs.step_id
            and steps.family = 'write_chapter'
    group by asked.id
),

call_counts as (
    select
        asked.id,
        coalesce(sum(priced_calls.calls), 0) as calls,
        coalesce(sum(priced_calls.status = 'failed'), 0) as failed,
        coalesce(sum(priced_calls.unpriced_calls), 0) as unpriced,
        max(case when priced_calls.status = 'failed' then priced_calls.error_message end) as error
    from asked
    left join priced_calls
        on
            priced_calls.run_id = asked.id
            and priced_calls.gone_at is null
    group by asked.id
),

last_signs as (
    select
        asked.id,
        nullif(max(running_work.last_sign), '') as last_sign,
        (strftime('%s', :as_of) - strftime('%s', nullif(max(running_work.last_sign), ''))) / 60 as silent_minutes
    from asked
    join running_work
        on
            running_work.source_id = asked.source_id
            and running_work.run = asked.source_key
    group by asked.id
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
            when story is not null then 'It works on story ' || story || coalesce(', ' || title, '') || '.'
            when story_key is not null and has_stories then 'Its story ' || story_key || ' is not in ' || source || '.'
            when story_key is not null then 'Whether its story ' || story_key || ' exists is not known.'
            when kind = 'job' and status = 'completed' then 'It was completed and names no story.'
            else 'It is not about one story.'
        end,
        case
            when story is not null then null
            when story_key is not null and has_stories
                then 'Restore story ' || story_key || ' in ' || source || ', or cancel the run and delete it there.'
            when story_key is not null then 'Ingest the stories of ' || source || ' too.'
            when kind = 'job' and status = 'completed' then 'See what became of its story in ' || source || '.'
        end
    from asked
    union all
    select
        asked.id,
        2,
        'state',
        case
            when asked.status is null then 'warning'
            when asked.status in ('failed', 'blocked') then 'problem'
            when asked.status in ('cancelled', 'waiting') then 'warning'
            else 'ok'
        end,
        case
            when asked.status is null then 'Its status ' || coalesce(asked.source_status, '(none)') || ' is not known.'
            when asked.status in ('failed', 'blocked')
                then 'It ' || case asked.status when 'failed' then 'has failed' else 'is blocked' end
                    || coalesce(
                        ' at ' || coalesce(asked.failure_stage, asked.current_step, step_counts.failed_steps),
                        ''
                    )
                    || coalesce(' (' || asked.failure_code || ')', '')
                    || coalesce(': ' || coalesce(asked.error_message, step_counts.error, call_counts.error), '.')
            else 'It is ' || asked.status || coalesce(' at ' || asked.current_step, '') || '.'
        end,
        case
            when asked.status is null then 'Correct the status in ' || asked.source || '.'
            when asked.status = 'failed' then 'Mend what the error names, then run it again from there.'
            when asked.status = 'blocked' then 'Decide what it is blocked by, then let it go on or cancel it.'
            when asked.status = 'cancelled' then 'Run it again if its story is still wanted.'
            when asked.status = 'waiting' then 'See what it waits for.'
        end
    from asked
    join step_counts using (id)
    join call_counts using (id)
    union all
    select
        asked.id,
        3,
        'stuck',
        case
            when last_signs.id is null then 'ok'
            when coalesce(last_signs.silent_minutes, 1e9) >= cast(:minutes as integer) then 'problem'
            else 'ok'
        end,
        case
            when last_signs.id is null then 'It is not running.'
            when last_signs.last_sign is null then 'It says it is running, and no sign of life is recorded.'
            else 'Its last sign of life was ' || last_signs.silent_minutes || ' minutes ago, at '
                || last_signs.last_sign || '.'
        end,
        case
            when coalesce(last_signs.silent_minutes, 1e9) >= cast(:minutes as integer) and last_signs.id is not null
                then 'See whether its process is alive; if not, mark it as failed in ' || asked.source
                    || ' and run it again.'
        end
    from asked
    left join last_signs using (id)
    union all
    select
        id,
        4,
        'failed steps',
        case when failed > 0 then 'problem' else 'ok' end,
        case
            when failed > 0 then failed || ' of ' || steps || ' steps failed: ' || failed_steps || '.'
            when steps = 0 then 'No steps are recorded.'
            else 'None of ' || steps || ' steps failed.'
        end,
        case when failed > 0 then 'Mend what their errors name (run_timeline has them), then run these steps again.' end
    from step_counts
    union all
    select
        asked.id,
        5,
        'unfinished steps',
        case when step_counts.open > 0 and asked.ended_at is not null then 'warning' else 'ok' end,
        case
            when step_counts.open > 0 then 'Not finished: ' || step_counts.open_steps || '.'
            else step_counts.completed || ' of ' || step_counts.steps || ' steps are completed.'
        end,
        case
            when step_counts.open > 0 and asked.ended_at is not null
                then 'The run has ended, so nothing will finish them: run them again, or mark them in '
                    || asked.source || '.'
        end
    from asked
    join step_counts using (id)
    union all
    select
        asked.id,
        6,
        'chapters',
        case
            when coalesce(asked.chapter_count, 0) = 0 then 'warning'
            when asked.status = 'completed' and chapters.written < asked.chapter_count then 'problem'
            else 'ok'
        end,
        case
            when coalesce(asked.chapter_count, 0) = 0 then 'Its story has no chapter count.'
            else chapters.written || ' of ' || asked.chapter_count || ' chapters are written.'
        end,
        case
            when coalesce(asked.chapter_count, 0) = 0
                then 'Set the chapter count of story ' || asked.story || ' in ' || asked.source || '.'
            when asked.status = 'completed' and chapters.written < asked.chapter_count
                then 'Run it again for the missing chapters.'
        end
    from asked
    join chapters using (id)
    where
        asked.kind = 'workflow_run'
        and asked.story is not null
    union all
    select
        id,
        7,
        'retries',
        case when retried > 0 then 'warning' else 'ok' end,
        case
            when retried > 0 then 'Tried more than once: ' || retried_steps || '.'
            else 'No step was tried more than once.'
        end,
        case when retried > 0 then 'See in flaky_steps whether they often are.' end
    from step_counts
    union all
    select
        id,
        8,
        'failed calls',
        case when failed > 0 then 'warning' else 'ok' end,
        case
            when failed > 0 then failed || ' of ' || calls || ' calls failed' || coalesce(': ' || error, '.')
            when calls = 0 then 'No calls are recorded.'
            else 'None of ' || calls || ' calls failed.'
        end,
        case when failed > 0 then 'See in api_reliability whether the provider often fails.' end
    from call_counts
    union all
    select
        id,
        9,
        'unpriced calls',
        case when unpriced > 0 then 'warning' else 'ok' end,
        case
            when unpriced > 0 then 'What ' || unpriced || ' of ' || calls || ' calls did cost is not known.'
            when calls = 0 then 'No calls are recorded.'
            else 'What its calls did cost is known.'
        end,
        case when unpriced > 0 then 'Give their prices with `storyreport reprice --prices FILE`.' end
    from call_counts
    union all
    select
        asked.id,
        10,
        'repeated warnings',
        case when max(rollup_warnings.occurrences) is null then 'ok' else 'warning' end,
        coalesce(
            'It said ' || max(rollup_warnings.occurrences) || ' times: ' || rollup_warnings.message
            || case when count(*) > 1 then ' (and repeated ' || (count(*) - 1) || ' other warnings)' else '' end,
            'No warning was repeated.'
        ),
        case
            when max(rollup_warnings.occurrences) is not null then 'Mend its cause: repeated_warnings says since when.'
        end
    from asked
    left join rollup_warnings
        on
            rollup_warnings.source_id = asked.source_id
            and rollup_warnings.run = asked.source_key
    group by asked.id
    union all
    select
        asked.id,
        11,
        'times',
        'warning',
        'It, or a step of it, ended before it began.',
        'See data_quality: an offset of local times may explain it.'
    from asked
    where
        asked.ended_at < asked.started_at
        or exists (select 1 from attempts where attempts.asked_id = asked.id and attempts.is_backwards)
    union all
    select
        asked_id,
        12,
        'stories',
        case when sum(status in ('failed', 'blocked')) > 0 then 'problem' else 'ok' end,
        count(*) || ' stories, ' || sum(status is 'completed') || ' completed, ' || sum(status in ('failed', 'blocked'))
        || ' failed or blocked.',
        case when sum(status in ('failed', 'blocked')) > 0 then 'See failed_stories and blocked_stories.' end
    from parts
    where id <> asked_id
    group by asked_id
    union all
    select
        id,
        13,
        'record',
        'warning',
        case
            when gone_at is null then 'Its detail was removed by `storyreport prune`.'
            else source || ' has it no longer.'
        end,
        null
    from asked
    where coalesce(gone_at, pruned_at) is not null
)

select
    checks.name as "check",
    checks.status,
    checks.detail,
    checks.action,
    asked.source
from checks
join asked on asked.id = checks.id
order by
    case checks.status
        when 'problem' then 1
        when 'warning' then 2
        else 3
    end,
    checks.place,
    asked.source
