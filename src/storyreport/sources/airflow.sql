-- Apache Airflow → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- database: with dated_runs, materialized
-- Before 2.2 a task named its run by its date alone. The id of a run that was read before its tasks ends with the date.
with undated as (
    select 1
    from (select * from src_task_instance limit 1)
    where coalesce(run_id, dag_run_id) is null
),

known as (
    select
        pipelines.name as dag_id,
        substr(runs.source_key, length(pipelines.name) + 2) as dated_run
    from undated
    cross join main.runs
    cross join main.pipelines on pipelines.id = runs.pipeline_id
    where
        runs.source_id = :source_id
        and runs.gone_at is null
        and runs.source_key glob '*[_][_][12]*'
),

dated as (
    select
        dag_id,
        execution_date,
        coalesce(run_id, dag_run_id) as dated_run,
        0 as is_known
    from all_dag_run
    where exists (select 1 from undated)
    union all
    select
        dag_id,
        to_utc(substr(dated_run, instr(dated_run, '__') + 2), 'UTC'),
        dated_run,
        1
    from known
)

select
    dag_id,
    execution_date,
    min(dated_run) as dated_run,
    min(is_known) as is_known
from dated
where execution_date is not null
group by dag_id, execution_date;

-- database: with tasks
select
    src_task_instance.*,
    key(src_task_instance.dag_id, coalesce(run_id, dag_run_id, dated_run, src_task_instance.execution_date)) as run_key,
    dated_run
from src_task_instance
left join dated_runs
    on
        coalesce(src_task_instance.run_id, src_task_instance.dag_run_id) is null
        and dated_runs.dag_id = src_task_instance.dag_id
        and dated_runs.execution_date = src_task_instance.execution_date;

-- database: pipelines
select cast(dag_id as text) as name
from src_dag_run
union
select cast(dag_id as text)
from src_task_instance
union
select cast(dag_id as text)
from src_task_instance_history;

-- database: runs
-- The scheduler changes updated_at of a run as long as it looks at it, so that this is no sign of life. A run that was
-- cleared starts again for Airflow; here it starts with its first try. A run of which only the tasks were handed over
-- is what they have come to, with those of an answer's earlier pages; one that was read itself stays what it was.
-- One whose tasks were read before by its date alone keeps that as its key.
with named as (
    select
        src_dag_run.*,
        coalesce(by_date.source_key, key(dag_id, coalesce(run_id, dag_run_id, execution_date))) as source_key
    from src_dag_run
    left join main.runs as by_date
        on
            by_date.source_id = :source_id
            and by_date.source_key = key(src_dag_run.dag_id, src_dag_run.execution_date)
            and by_date.gone_at is null
            and not exists (select 1 from all_task_instance)
),

ranked as (
    select
        named.*,
        row_number() over (partition by source_key order by updated_at desc, end_date desc, start_date desc) as place
    from named
),

tries as (
    select
        run_key,
        start_date
    from tasks
    union all
    select
        key(dag_id, coalesce(run_id, dag_run_id, execution_date)),
        start_date
    from src_task_instance_history
    union all
    select
        key(dag_id, coalesce(run_id, execution_date)),
        start_date
    from src_task_fail
),

-- Those of runs whose tasks were read before them.
earlier_tries as (
    select
        named.source_key,
        step_runs.started_at
    from named
    cross join main.runs
        on
            runs.source_id = :source_id
            and runs.source_key = named.source_key
    cross join main.step_runs on step_runs.run_id = runs.id
    where
        -- Asked of runs that were read before, of which there are none at first.
        runs.source_key not in (select run_key from tries)
        and step_runs.gone_at is null
),

first_tries as (
    select
        run_key,
        min(start_date) as start_date
    from (
        select *
        from tries
        union all
        select *
        from earlier_tries
    )
    group by run_key
),

-- Runs that were read before their tasks.
known_runs as materialized (
    select
        of_tasks.run_key as source_key,
        of_tasks.dag_id,
        runs.source_status as state,
        runs.queued_at,
        runs.started_at as start_date,
        runs.ended_at as end_date
    from (
        select
            run_key,
            min(dag_id) as dag_id
        from tasks
        where
            dated_run is null
            or dated_run in (select dated_run from dated_runs where is_known)
        group by run_key
    ) as of_tasks
    cross join main.runs
        on
            runs.source_id = :source_id
            and runs.source_key = of_tasks.run_key
    where
        of_tasks.run_key not in (select source_key from named)
        and runs.source_status is not null
        and runs.gone_at is null
),

begun as (
    select
        whole.*,
        coalesce(min(whole.start_date, first_tries.start_date), whole.start_date) as started_at
    from (
        select
            source_key,
            dag_id,
            state,
            queued_at,
            start_date,
            end_date
        from ranked
        where place = 1
        union all
        select *
        from known_runs
    ) as whole
    left join first_tries on first_tries.run_key = whole.source_key
),

-- A task stands there as its last try left it; the answer that lists its tries has all of them.
tried as materialized (
    select
        tasks.*,
        cast(tasks.task_id as text)
        || case when tasks.map_index >= 0 then '[' || cast(tasks.map_index as integer) || ']' else '' end as step_name
    from tasks
    where
        tasks.dated_run is null
        and tasks.run_key not in (select source_key from named)
        and tasks.run_key not in (select source_key from known_runs)
),

lone_tasks as materialized (
    select
        last.run_key,
        last.dag_id,
        words.status,
        last.first_queued_at as queued_at,
        last.first_start_date as start_date,
        last.end_date,
        last.step_name
    from (
        select
            tried.*,
            min(coalesce(queued_dttm, queued_when)) over (partition by run_key, step_name) as first_queued_at,
            min(start_date) over (partition by run_key, step_name) as first_start_date,
            row_number() over (
                partition by run_key, step_name
                order by max(coalesce(try_number, 1), 1) desc, updated_at desc, end_date desc, start_date desc
            ) as place
        from tried
    ) as last
    left join src_statuses as words on words.word = lower(coalesce(nullif(trim(last.state), ''), 'none'))
    where last.place = 1
),

lone_runs as (
    select
        run_key,
        min(dag_id) as dag_id
    from lone_tasks
    group by run_key
),

stateful as (
    select
        run_key,
        dag_id,
        status,
        queued_at,
        start_date,
        end_date
    from lone_tasks
    union all
    select
        run_key,
        dag_id,
        status,
        queued_at,
        started_at,
        ended_at
    from (
        select
            lone_runs.run_key,
            lone_runs.dag_id,
            earlier.status,
            earlier.queued_at,
            -- What waits for its next try has the time of the last one.
            coalesce(earlier.started_at, lag(earlier.started_at) over tries_of_task) as started_at,
            earlier.ended_at,
            earlier.attempt = max(earlier.attempt) over (partition by earlier.run_id, earlier.step_id) as is_last
        from lone_runs
        cross join main.runs
            on
                runs.source_id = :source_id
                and runs.source_key = lone_runs.run_key
        cross join main.step_runs as earlier on earlier.run_id = runs.id
        cross join main.steps on steps.id = earlier.step_id
        where
            earlier.gone_at is null
            and (lone_runs.run_key, steps.name) not in (
                select
                    run_key,
                    step_name
                from lone_tasks
            )
        window tries_of_task as (partition by earlier.run_id, earlier.step_id order by earlier.attempt)
    )
    where is_last
)

select
    begun.source_key,
    'dag_run' as kind,
    begun.dag_id as pipeline_name,
    words.status,
    begun.state as source_status,
    case when coalesce(begun.queued_at <= begun.started_at, 1) then begun.queued_at end as queued_at,
    begun.started_at,
    begun.end_date as ended_at,
    case
        when begun.started_at <= begun.end_date
            then cast(round((julianday(begun.end_date) - julianday(begun.started_at)) * 86400000) as integer)
    end as duration_ms
from begun
left join src_statuses as words on words.word = lower(trim(begun.state))
union all
select
    run_key,
    'dag_run',
    min(dag_id),
    case
        when sum(status = 'running') > 0 then 'running'
        when sum(status = 'waiting') > 0 then 'waiting'
        -- A run goes on between two of its tasks.
        when sum(status = 'queued') > 0 and min(start_date) is not null then 'running'
        when sum(status = 'queued') > 0 then 'queued'
        when sum(status = 'failed') > 0 then 'failed'
        when count(status) < count(*) then null
        when sum(status = 'completed') > 0 then 'completed'
        when sum(status = 'cancelled') > 0 then 'cancelled'
        else 'skipped'
    end,
    null,
    min(queued_at),
    min(start_date),
    case when sum(status in ('running', 'queued', 'waiting')) = 0 then max(end_date) end,
    null
from stateful
group by run_key;

-- database: steps
-- Instances of a mapped task are of one family.
with named as (
    select
        dag_id as pipeline_name,
        cast(task_id as text) as family,
        map_index
    from src_task_instance
    union
    select
        dag_id,
        cast(task_id as text),
        map_index
    from src_task_instance_history
)

select distinct
    pipeline_name,
    family || case when map_index >= 0 then '[' || cast(map_index as integer) || ']' else '' end as name,
    family
from named;

-- database: step_runs
-- A try that is over may stand in the history and still in task_instance, which then waits for the next one; unless the
-- task was removed from its DAG, or was never begun. Without a history (before 2.10) that row is all that is known of
-- the try: it failed where the task is up for a retry, and how it ended is not known where it was cleared. Tries that
-- failed are numbered back from the task's own.
with failures as (
    select
        tasks.*,
        tasks.try_number - sum(src_task_fail.start_date < tasks.start_date) over (
            partition by tasks.run_key, tasks.task_id, tasks.map_index
            order by src_task_fail.start_date desc
            rows unbounded preceding
        ) as failed_try,
        src_task_fail.start_date as failed_from,
        src_task_fail.end_date as failed_at
    from src_task_fail
    cross join tasks
        on
            tasks.dag_id = src_task_fail.dag_id
            and tasks.task_id = src_task_fail.task_id
            and coalesce(tasks.run_id, tasks.execution_date)
            = coalesce(src_task_fail.run_id, src_task_fail.execution_date)
            and tasks.map_index is src_task_fail.map_index
    where
        (
            src_task_fail.start_date < tasks.start_date
            or (
                -- The last try is over, and the next one not begun.
                src_task_fail.start_date = tasks.start_date
                and tasks.end_date is not null
                and lower(coalesce(nullif(trim(tasks.state), ''), 'none')) in ('none', 'scheduled', 'queued')
            )
        )
        and (tasks.run_key, tasks.task_id) not in (
            select
                key(dag_id, coalesce(run_id, dag_run_id, execution_date)),
                task_id
            from src_task_instance_history
        )
),

tries as (
    select
        tasks.*,
        0 as is_over,
        1 as weight
    from tasks
    union all
    select
        dag_id,
        task_id,
        run_id,
        dag_run_id,
        execution_date,
        map_index,
        'failed',
        try_number,
        queued_dttm,
        queued_when,
        start_date,
        end_date,
        duration,
        updated_at,
        null,
        null,
        null,
        run_key,
        null,
        1,
        0
    from tasks
    where
        lower(trim(state)) = 'up_for_retry'
        and end_date is not null
    union all
    select
        dag_id,
        task_id,
        run_id,
        dag_run_id,
        execution_date,
        map_index,
        'failed',
        failed_try,
        null,
        null,
        failed_from,
        failed_at,
        null,
        null,
        null,
        null,
        null,
        run_key,
        null,
        1,
        0
    from failures
    where failed_try > 0
    union all
    select
        dag_id,
        task_id,
        run_id,
        dag_run_id,
        execution_date,
        map_index,
        state,
        try_number,
        queued_dttm,
        queued_when,
        start_date,
        end_date,
        duration,
        updated_at,
        null,
        null,
        null,
        key(dag_id, coalesce(run_id, dag_run_id, execution_date)),
        null,
        1,
        1
    from src_task_instance_history
),

-- A try of Airflow 2 lives while its job does; one that is rescheduled is not silent before it is due.
jobs as materialized (
    select
        id,
        max(latest_heartbeat) as latest_heartbeat
    from all_job
    where id in (select job_id from src_task_instance)
    group by id
),

reschedules as materialized (
    select
        coalesce(
            cast(ti_id as text),
            key(dag_id, coalesce(run_id, execution_date), task_id, cast(map_index as integer))
        ) as task_key,
        max(coalesce(reschedule_date, end_date)) as last_at
    from all_task_reschedule
    group by task_key
),

named as (
    select
        tries.*,
        cast(task_id as text)
        || case when map_index >= 0 then '[' || cast(map_index as integer) || ']' else '' end as step_name,
        max(coalesce(try_number, 1), 1) as try,
        coalesce(lower(trim(state)) = 'removed', 0) as is_removed
    from tries
),

attempts as (
    select
        named.*,
        try
        + case
            when is_over or is_removed or coalesce(try_number, 1) = 0 then 0
            when max(is_over) over (partition by run_key, step_name, try) = 1 then 1
            when end_date is not null and lower(coalesce(nullif(trim(state), ''), 'none')) in ('none', 'no_status')
                then 1
            else 0
        end as attempt
    from named
),

ranked as (
    select
        attempts.*,
        sum(weight) over same as source_rows,
        row_number() over (
            same
            order by is_removed, is_over, weight desc, updated_at desc, end_date desc, start_date desc, state
        ) as place
    from attempts
    window same as (partition by run_key, step_name, attempt)
),

-- The times of a task that waits for its next try are those of the last one; one that is rescheduled has begun.
evaluated as (
    select
        ranked.*,
        words.status,
        coalesce(
            ranked.end_date is not null
            and (words.status = 'queued' or lower(trim(ranked.state)) = 'up_for_retry'),
            0
        ) as is_next_try,
        coalesce(words.status in ('queued', 'running', 'waiting'), 0) as is_open
    from ranked
    left join src_statuses as words on words.word = lower(coalesce(nullif(trim(ranked.state), ''), 'none'))
    where ranked.place = 1
)

select
    evaluated.run_key || '/' || key(evaluated.step_name) || '/' || evaluated.attempt as source_key,
    evaluated.source_rows,
    evaluated.run_key,
    evaluated.dag_id as pipeline_name,
    evaluated.step_name,
    evaluated.attempt,
    evaluated.status,
    evaluated.state as source_status,
    coalesce(evaluated.queued_dttm, evaluated.queued_when) as queued_at,
    case when not evaluated.is_next_try then evaluated.start_date end as started_at,
    case when not evaluated.is_open then evaluated.end_date end as ended_at,
    nullif(
        max(
            coalesce(evaluated.last_heartbeat_at, ''),
            coalesce(evaluated.updated_at, ''),
            coalesce(evaluated.start_date, ''),
            coalesce(evaluated.end_date, ''),
            coalesce(case when evaluated.is_open then jobs.latest_heartbeat end, ''),
            coalesce(case when evaluated.is_open then reschedules.last_at end, '')
        ),
        ''
    ) as last_activity_at,
    case
        when not evaluated.is_open and evaluated.end_date is not null
            then coalesce(
                case
                    when evaluated.start_date <= evaluated.end_date
                        then round((julianday(evaluated.end_date) - julianday(evaluated.start_date)) * 86400000)
                end,
                case when evaluated.duration >= 0 then round(evaluated.duration * 1000) end
            )
    end as duration_ms
from evaluated
left join jobs on jobs.id = evaluated.job_id
left join reschedules
    on reschedules.task_key = coalesce(
        cast(evaluated.id as text),
        key(
            evaluated.dag_id,
            coalesce(evaluated.run_id, evaluated.execution_date),
            evaluated.task_id,
            cast(evaluated.map_index as integer)
        )
    );

-- database: gone runs
-- Those that were known by their date alone, whose tasks are now those of the run of that date.
select runs.id
from dated_runs
cross join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = key(dated_runs.dag_id, dated_runs.execution_date)
where
    dated_runs.dated_run is not null
    and runs.gone_at is null
    and not exists (
        select 1
        from main.step_runs
        where
            step_runs.run_id = runs.id
            and step_runs.gone_at is null
    );
