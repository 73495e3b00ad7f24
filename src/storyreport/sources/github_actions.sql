-- GitHub Actions' jobs → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- jobs: with last_runs
-- A run may stand in several documents and have been run again: its last attempt counts.
select *
from (
    select
        src_run_records.*,
        row_number() over (
            partition by id
            order by coalesce(run_attempt, 1) desc, conclusion is null, updated_at desc, document desc
        ) as place
    from src_run_records
)
where place = 1;

-- jobs: with workflows
select
    run_key,
    max(pipeline_name) as pipeline_name
from (
    select
        cast(run_id as text) as run_key,
        cast(nullif(workflow_name, '') as text) as pipeline_name
    from src_job_records
    union all
    select
        cast(id as text),
        cast(nullif(workflow_name, '') as text)
    from src_run_records
)
group by run_key;

-- jobs: pipelines
select distinct pipeline_name as name
from workflows
where pipeline_name is not null;

-- jobs: runs
-- The jobs of a run's last attempt say how it is: it has failed if one of them has. A job that was not repeated counts
-- with its earlier attempt. How a run ended its own record says, unless there are jobs of a later attempt; without
-- jobs, it says all. Jobs of the same attempt that another file had are known by their steps, and by what they made of
-- the run.
with given_jobs as materialized (
    select
        cast(run_id as text) as run_key,
        cast(id as text) as job,
        coalesce(run_attempt, 1) as attempt
    from src_job_records
),

given_runs as (
    select
        run_key,
        max(attempt) as attempt,
        max(is_job) as has_jobs
    from (
        select
            run_key,
            attempt,
            1 as is_job
        from given_jobs
        union all
        select
            cast(id as text),
            coalesce(run_attempt, 1),
            0
        from src_run_records
    )
    group by run_key
),

known_runs as materialized (
    select
        given_runs.run_key,
        given_runs.has_jobs,
        -- What is given may be older than what was read before.
        max(
            given_runs.attempt,
            coalesce(
                (
                    select max(step_runs.attempt)
                    from main.step_runs
                    where
                        step_runs.run_id = runs.id
                        and step_runs.gone_at is null
                ),
                1
            )
        ) as attempt,
        runs.id as run_id,
        runs.status,
        runs.source_status,
        runs.queued_at,
        runs.started_at,
        runs.ended_at,
        coalesce(runs.status, '') not in ('queued', 'running', 'waiting') as is_over
    from given_runs
    cross join main.runs
        on
            runs.source_id = :source_id
            and runs.source_key = given_runs.run_key
    where runs.gone_at is null
),

known_steps as materialized (
    select
        known_runs.run_key,
        known_runs.has_jobs,
        known_runs.attempt = step_runs.attempt as is_same_attempt,
        substr(step_runs.source_key, 1, instr(step_runs.source_key || '/', '/') - 1) in (select job from given_jobs)
            as is_given,
        step_runs.attempt,
        step_runs.status,
        step_runs.source_status,
        step_runs.queued_at,
        step_runs.started_at,
        step_runs.ended_at
    from known_runs
    cross join main.step_runs on step_runs.run_id = known_runs.run_id
    where step_runs.gone_at is null
),

known_attempts as (
    select
        run_key,
        max(attempt) as attempt,
        min(is_given) as are_given
    from known_steps
    group by run_key
),

-- A run whose jobs are known has kept what they said of it, with their times: a job takes longer than its steps. Of
-- jobs that are all given again, it is what they are now.
known_outcomes as (
    select
        run_key,
        source_status,
        status,
        queued_at,
        started_at,
        ended_at,
        attempt
    from known_steps
    where
        has_jobs
        and is_same_attempt
        and not is_given
    union all
    select
        known_runs.run_key,
        known_runs.source_status,
        known_runs.status,
        case when known_attempts.attempt is not null then known_runs.queued_at end,
        case when known_attempts.attempt is not null then known_runs.started_at end,
        case when known_attempts.attempt is not null then known_runs.ended_at end,
        known_runs.attempt
    from known_runs
    left join known_attempts on known_attempts.run_key = known_runs.run_key
    where
        known_runs.attempt = coalesce(known_attempts.attempt, 1)
        and (
            known_runs.is_over
            or not known_runs.has_jobs
        )
        and case
            when known_runs.has_jobs then coalesce(known_attempts.are_given, 0) = 0
            else known_attempts.attempt is not null
        end
),

-- Where failed jobs alone are run again, the list of the later attempt has the others too, with their former times.
-- Jobs may share a name.
given as (
    select
        src_job_records.*,
        last_runs.run_started_at,
        min(coalesce(src_job_records.run_attempt, 1)) over same as done_in,
        rank() over (
            partition by src_job_records.run_id, src_job_records.name
            order by coalesce(src_job_records.run_attempt, 1) desc
        ) as attempt_place,
        row_number() over (
            partition by src_job_records.id
            order by src_job_records.completed_at is null, src_job_records.document desc
        ) as place
    from src_job_records
    left join last_runs
        on
            last_runs.id = src_job_records.run_id
            and last_runs.run_attempt = src_job_records.run_attempt
    window same as (
        partition by
            src_job_records.run_id, src_job_records.name, src_job_records.started_at, src_job_records.completed_at
    )
),

outcomes as (
    select
        cast(jobs.run_id as text) as run_key,
        coalesce(nullif(jobs.conclusion, ''), jobs.status) as source_status,
        words.status,
        jobs.created_at as queued_at,
        case
            when coalesce(words.status, '') not in ('queued', 'waiting', 'skipped') then jobs.started_at
        end as started_at,
        case
            when coalesce(words.status, '') not in ('queued', 'waiting', 'skipped') then jobs.completed_at
        end as ended_at,
        coalesce(words.status, '') in ('queued', 'running', 'waiting') as is_open,
        coalesce(jobs.run_attempt, 1) as attempt,
        coalesce(jobs.run_attempt, 1) > 1
        and (
            jobs.done_in < jobs.run_attempt
            or coalesce(jobs.completed_at < max(coalesce(jobs.created_at, ''), coalesce(jobs.run_started_at, '')), 0)
        ) as is_former
    from given as jobs
    left join src_statuses as words on words.word = lower(trim(coalesce(nullif(jobs.conclusion, ''), jobs.status)))
    where
        jobs.attempt_place = 1
        and jobs.place = 1
    union all
    select
        run_key,
        source_status,
        status,
        queued_at,
        started_at,
        ended_at,
        coalesce(status, '') in ('queued', 'running', 'waiting'),
        attempt,
        0
    from known_outcomes
),

counted as (
    select
        outcomes.*,
        max(attempt) over (partition by run_key) as last_attempt
    from outcomes
),

-- The times of a run are those of its last attempt.
timed as (
    select
        counted.*,
        not is_former
        and attempt = last_attempt as is_timed
    from counted
),

ranked as (
    select
        timed.*,
        min(case when is_timed then queued_at end) over (partition by run_key) as run_queued_at,
        min(case when is_timed then started_at end) over (partition by run_key) as run_started_at,
        max(case when is_timed then ended_at end) over (partition by run_key) as last_ended_at,
        max(is_open) over (partition by run_key) as is_run_open,
        row_number() over (
            partition by run_key
            order by
                case status
                    when 'running' then 1
                    when 'waiting' then 2
                    when 'queued' then 3
                    when 'failed' then 5
                    when 'cancelled' then 6
                    when 'completed' then 7
                    when 'skipped' then 8
                    else 4
                end,
                source_status
        ) as weight
    from timed
),

of_jobs as (
    select
        ranked.*,
        case when not is_run_open then last_ended_at end as run_ended_at
    from ranked
    where weight = 1
),

of_runs as (
    select
        cast(last_runs.id as text) as run_key,
        coalesce(last_runs.run_attempt, 1) as attempt,
        coalesce(nullif(last_runs.conclusion, ''), last_runs.status) as source_status,
        words.status,
        -- A run that is run again keeps the time when it was made.
        case when last_runs.run_attempt > 1 then last_runs.run_started_at else last_runs.created_at end as queued_at,
        case when words.status is not 'queued' then coalesce(last_runs.run_started_at, last_runs.created_at) end
            as started_at,
        case when coalesce(words.status, 'queued') not in ('queued', 'running', 'waiting') then last_runs.updated_at end
            as ended_at,
        last_runs.updated_at
    from last_runs
    left join src_statuses as words
        on words.word = lower(trim(coalesce(nullif(last_runs.conclusion, ''), last_runs.status)))
),

of_both as (
    select
        run_key,
        last_attempt,
        status,
        source_status,
        run_queued_at as queued_at,
        run_started_at as started_at,
        run_ended_at as ended_at,
        coalesce(last_ended_at, run_started_at, run_queued_at) as last_activity_at,
        null as attempt,
        null as run_status,
        null as run_source_status,
        null as created_at,
        null as began_at,
        null as run_over_at,
        null as updated_at
    from of_jobs
    union all
    select
        run_key,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        attempt,
        status,
        source_status,
        queued_at,
        started_at,
        ended_at,
        coalesce(updated_at, started_at, queued_at)
    from of_runs
),

-- A run has one row of each kind at most.
grouped as (
    select
        run_key,
        max(last_attempt) is null as has_no_jobs,
        max(last_attempt) as last_attempt,
        max(status) as status,
        max(source_status) as source_status,
        max(queued_at) as queued_at,
        max(started_at) as started_at,
        max(ended_at) as ended_at,
        max(last_activity_at) as last_activity_at,
        max(attempt) as attempt,
        max(run_status) as run_status,
        max(run_source_status) as run_source_status,
        max(created_at) as created_at,
        max(began_at) as began_at,
        max(run_over_at) as run_over_at,
        max(updated_at) as updated_at
    from of_both
    group by run_key
),

both as (
    select
        run_key,
        case when is_known then run_status else status end as status,
        case when is_known then run_source_status else source_status end as source_status,
        coalesce(queued_at, created_at) as queued_at,
        case when has_no_jobs then began_at when is_behind then coalesce(started_at, began_at) else started_at end
            as started_at,
        case when is_behind then run_over_at else ended_at end as ended_at,
        case when is_behind then updated_at else last_activity_at end as last_activity_at
    from (
        select
            *,
            -- Jobs that were read before the run was over.
            has_no_jobs
            or (
                is_known
                and coalesce(status, '') in ('queued', 'running', 'waiting')
            ) as is_behind
        from (
            select
                *,
                has_no_jobs
                or coalesce(
                    attempt >= last_attempt and run_status not in ('queued', 'running', 'waiting'),
                    0
                ) as is_known
            from grouped
        )
    )
)

select
    both.run_key as source_key,
    'workflow_run' as kind,
    workflows.pipeline_name,
    both.status,
    both.source_status,
    both.queued_at,
    both.started_at,
    both.ended_at,
    both.last_activity_at,
    case
        when both.started_at <= both.ended_at
            then cast(round((julianday(both.ended_at) - julianday(both.started_at)) * 86400000) as integer)
    end as duration_ms
from both
left join workflows on workflows.run_key = both.run_key;

-- jobs: steps
with named as (
    select
        workflows.pipeline_name,
        cast(jobs.name as text) as job,
        cast(jobs.family as text) as family,
        ' / ' || steps.name as step
    from src_job_records as jobs
    left join workflows on workflows.run_key = cast(jobs.run_id as text)
    left join src_step_records as steps on steps.job = jobs.id
)

select distinct
    pipeline_name,
    job || coalesce(step, '') as name,
    coalesce(family, job) || coalesce(step, '') as family
from named;

-- jobs: step_runs
-- The steps of the jobs; a job without steps is one itself. A job may stand in several documents: its last one counts.
-- Where only failed jobs are run again, the list of the later attempt has the others too, with their times: a run is
-- run again once all of its jobs are over. Once a run is over, how its jobs ended that were read before is unknown.
with over_runs as materialized (
    select
        cast(last_runs.id as text) as run_key,
        coalesce(last_runs.run_attempt, 1) as attempt
    from last_runs
    join src_statuses as words
        on words.word = lower(trim(coalesce(nullif(last_runs.conclusion, ''), last_runs.status)))
    where words.status not in ('queued', 'running', 'waiting')
),

earlier_ends as materialized (
    select
        again.run_key,
        again.attempt,
        max(step_runs.ended_at) as ended_at
    from (
        select distinct
            cast(run_id as text) as run_key,
            run_attempt as attempt
        from src_job_records
        where run_attempt > 1
    ) as again
    cross join main.runs
        on
            runs.source_id = :source_id
            and runs.source_key = again.run_key
    cross join main.step_runs on step_runs.run_id = runs.id
    where
        step_runs.attempt < again.attempt
        and step_runs.gone_at is null
    group by
        again.run_key,
        again.attempt
),

jobs as (
    select
        src_job_records.*,
        min(coalesce(run_attempt, 1)) over (partition by run_id, name, started_at, completed_at) as done_in,
        count(*) over (partition by id) as documents,
        row_number() over (partition by id order by completed_at is null, document desc) as place
    from src_job_records
    left join earlier_ends
        on
            earlier_ends.run_key = cast(src_job_records.run_id as text)
            and earlier_ends.attempt = src_job_records.run_attempt
    where coalesce(src_job_records.started_at >= earlier_ends.ended_at, 1)
),

steps as (
    select
        src_step_records.*,
        count(*) over (partition by job, number) as documents,
        row_number() over (partition by job, number order by completed_at is null, document desc) as place
    from src_step_records
),

work as (
    select
        key(jobs.id, steps.number) as source_key,
        steps.documents as source_rows,
        cast(jobs.run_id as text) as run_key,
        jobs.name || ' / ' || steps.name as step_name,
        coalesce(jobs.run_attempt, 1) as attempt,
        coalesce(nullif(steps.conclusion, ''), steps.status) as source_status,
        null as queued_at,
        steps.started_at,
        steps.completed_at
    from jobs
    inner join steps on steps.job = jobs.id
    where
        jobs.place = 1
        and steps.place = 1
        and (jobs.completed_at is null or jobs.done_in = coalesce(jobs.run_attempt, 1))
    union all
    select
        key(jobs.id),
        jobs.documents,
        cast(jobs.run_id as text),
        cast(jobs.name as text),
        coalesce(jobs.run_attempt, 1),
        coalesce(nullif(jobs.conclusion, ''), jobs.status),
        jobs.created_at,
        jobs.started_at,
        jobs.completed_at
    from jobs
    where
        jobs.place = 1
        and (jobs.completed_at is null or jobs.done_in = coalesce(jobs.run_attempt, 1))
        and jobs.id not in (select job from src_step_records)
),

left_open as (
    select
        step_runs.source_key,
        step_runs.source_rows,
        over_runs.run_key,
        pipelines.name as pipeline_name,
        steps.name as step_name,
        step_runs.attempt,
        step_runs.queued_at,
        step_runs.started_at
    from over_runs
    cross join main.runs
        on
            runs.source_id = :source_id
            and runs.source_key = over_runs.run_key
    cross join main.step_runs on step_runs.run_id = runs.id
    cross join main.steps on steps.id = step_runs.step_id
    left join main.pipelines on pipelines.id = steps.pipeline_id
    where
        step_runs.status in ('queued', 'running', 'waiting')
        and step_runs.attempt <= over_runs.attempt
        and step_runs.gone_at is null
        and step_runs.source_key not in (select source_key from work)
),

worded as (
    select
        work.*,
        words.status,
        coalesce(words.status in ('queued', 'running', 'waiting') and over_runs.attempt >= work.attempt, 0)
            as is_left_open
    from work
    left join src_statuses as words on words.word = lower(trim(work.source_status))
    left join over_runs on over_runs.run_key = work.run_key
),

-- GitHub writes times into work that was skipped or is not yet begun.
timed as (
    select
        work.*,
        case
            when coalesce(work.status, '') not in ('queued', 'waiting', 'skipped') then work.started_at
        end as began_at,
        case
            when coalesce(work.status, '') not in ('queued', 'waiting', 'skipped') then work.completed_at
        end as ended_at
    from worded as work
)

select
    source_key,
    source_rows,
    timed.run_key,
    workflows.pipeline_name,
    step_name,
    attempt,
    case when not is_left_open then status end as status,
    case when not is_left_open then source_status end as source_status,
    queued_at,
    began_at as started_at,
    ended_at,
    coalesce(ended_at, began_at, queued_at) as last_activity_at,
    case
        when began_at <= ended_at
            then cast(round((julianday(ended_at) - julianday(began_at)) * 86400000) as integer)
    end as duration_ms
from timed
left join workflows on workflows.run_key = timed.run_key
union all
select
    source_key,
    source_rows,
    run_key,
    pipeline_name,
    step_name,
    attempt,
    null,
    null,
    queued_at,
    started_at,
    null,
    coalesce(started_at, queued_at),
    null
from left_open;

-- jobs: delete step_runs
-- A job that was queued had no steps yet, and stood for itself. What a later attempt, read before this one, lists of
-- this one was not run again.
select step_runs.id
from main.step_runs
where
    step_runs.source_id = :source_id
    and step_runs.input_id = :input_id
    and step_runs.source_key in (select key(job) from src_step_records)
union
select step_runs.id
from (
    select
        cast(run_id as text) as run_key,
        coalesce(run_attempt, 1) as attempt,
        max(completed_at) as completed_at
    from src_job_records
    group by
        cast(run_id as text),
        coalesce(run_attempt, 1)
) as given
cross join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = given.run_key
cross join main.step_runs on step_runs.run_id = runs.id
where
    step_runs.attempt > given.attempt
    and step_runs.started_at < given.completed_at;
