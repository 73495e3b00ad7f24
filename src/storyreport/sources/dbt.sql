-- dbt's results → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- target: with counted
-- A node's id has the project's name: model.shop.orders. The project of an invocation is the one with most results, for
-- packages have nodes of their own.
select
    invocation_id,
    substr(rest, 1, instr(rest, '.') - 1) as name,
    count(*) as results
from (
    select
        invocation_id,
        substr(unique_id, instr(unique_id, '.') + 1) as rest
    from src_dbt_results
    where unique_id glob '?*.?*.?*'
)
group by invocation_id, substr(rest, 1, instr(rest, '.') - 1);

-- target: with projects
select
    invocation_id,
    name
from (
    select
        counted.*,
        row_number() over (partition by invocation_id order by results desc, name) as place
    from counted
)
where place = 1;

-- target: pipelines
select distinct name
from projects;

-- target: runs
-- An invocation has failed if a result of it has; what an unknown word of a result makes of it is not guessed.
with results as (
    select
        src_dbt_results.invocation_id,
        sum(words.status = 'failed') as failed,
        count(*) - count(words.status) as unknown
    from src_dbt_results
    left join src_statuses as words on words.word = lower(trim(src_dbt_results.status))
    group by src_dbt_results.invocation_id
),

invocations as (
    select
        src_dbt_invocations.*,
        row_number() over (partition by invocation_id order by generated_at desc) as place
    from src_dbt_invocations
),

-- A retry repeats the last invocation of its project before it that is no retry.
histories as (
    select
        invocations.invocation_id,
        invocations.generated_at,
        invocations.is_retry,
        projects.name
    from invocations
    join projects on projects.invocation_id = invocations.invocation_id
    where invocations.place = 1
    union all
    select
        runs.source_key,
        runs.ended_at,
        runs.again_of is not null,
        pipelines.name
    from main.runs
    join main.pipelines on pipelines.id = runs.pipeline_id
    where
        runs.source_id = :source_id
        and runs.kind = 'invocation'
        and runs.source_key not in (select invocation_id from invocations)
),

retried as (
    select
        invocation_id,
        max(case when not is_retry then generated_at || ' ' || invocation_id end) over (
            partition by name
            order by generated_at
            groups between unbounded preceding and 1 preceding
        ) as dated_first
    from histories
)

select
    invocations.invocation_id as source_key,
    'invocation' as kind,
    projects.name as pipeline_name,
    case
        when invocations.is_retry
            then substr(retried.dated_first, instr(retried.dated_first, ' ') + 1)
    end as again_of,
    case
        when results.failed > 0 then 'failed'
        when results.unknown > 0 then null
        else 'completed'
    end as status,
    invocations.started_at,
    invocations.generated_at as ended_at,
    invocations.generated_at as last_activity_at,
    invocations.elapsed_time as duration_ms
from invocations
left join results on results.invocation_id = invocations.invocation_id
left join projects on projects.invocation_id = invocations.invocation_id
left join retried on retried.invocation_id = invocations.invocation_id
where invocations.place = 1;

-- target: steps
select
    projects.name as pipeline_name,
    src_dbt_results.unique_id as name,
    max(src_dbt_results.family) as family
from src_dbt_results
left join projects on projects.invocation_id = src_dbt_results.invocation_id
group by projects.name, src_dbt_results.unique_id;

-- target: step_runs
-- What was skipped took no time. A file that was copied has the same results again.
with ranked as (
    select
        src_dbt_results.*,
        row_number() over (
            partition by invocation_id, unique_id
            order by ended_at desc, status
        ) as place
    from src_dbt_results
)

select
    key(ranked.invocation_id, ranked.unique_id) as source_key,
    ranked.invocation_id as run_key,
    projects.name as pipeline_name,
    ranked.unique_id as step_name,
    1 as attempt,
    words.status,
    ranked.status as source_status,
    case when words.status = 'failed' then ranked.message end as error_message,
    ranked.started_at,
    ranked.ended_at,
    coalesce(ranked.ended_at, ranked.started_at) as last_activity_at,
    case when words.status is not 'skipped' then ranked.execution_time end as duration_ms
from ranked
left join projects on projects.invocation_id = ranked.invocation_id
left join src_statuses as words on words.word = lower(trim(ranked.status))
where ranked.place = 1;

-- cloud: pipelines
select distinct cast(job as text) as name
from src_dbt_cloud_runs;

-- cloud: runs
-- Several pages may have a run.
with ranked as (
    select
        src_dbt_cloud_runs.*,
        row_number() over (partition by id order by updated_at desc, status desc) as place
    from src_dbt_cloud_runs
)

select
    cast(ranked.id as text) as source_key,
    'job_run' as kind,
    ranked.job as pipeline_name,
    words.status,
    ranked.status as source_status,
    case when words.status = 'failed' then ranked.status_message end as error_message,
    ranked.created_at as queued_at,
    ranked.started_at,
    ranked.finished_at as ended_at,
    coalesce(ranked.finished_at, ranked.updated_at, ranked.started_at, ranked.created_at) as last_activity_at,
    case
        when ranked.started_at <= ranked.finished_at
            then cast(round((julianday(ranked.finished_at) - julianday(ranked.started_at)) * 86400000) as integer)
    end as duration_ms
from ranked
left join src_statuses as words on words.word = lower(trim(ranked.status))
where ranked.place = 1;

-- cloud: steps
select distinct
    src_dbt_cloud_runs.job as pipeline_name,
    cast(src_dbt_cloud_steps.name as text) as name,
    cast(src_dbt_cloud_steps.name as text) as family
from src_dbt_cloud_steps
left join src_dbt_cloud_runs on src_dbt_cloud_runs.id = src_dbt_cloud_steps.run_id;

-- cloud: step_runs
with named as (
    select
        src_dbt_cloud_steps.*,
        src_dbt_cloud_runs.job,
        row_number() over (
            partition by src_dbt_cloud_steps.run_id, src_dbt_cloud_steps.position
            order by src_dbt_cloud_steps.finished_at desc, src_dbt_cloud_steps.status desc
        ) as place
    from src_dbt_cloud_steps
    left join src_dbt_cloud_runs on src_dbt_cloud_runs.id = src_dbt_cloud_steps.run_id
)

select
    key(named.run_id, coalesce(named.id, named.position)) as source_key,
    cast(named.run_id as text) as run_key,
    named.job as pipeline_name,
    named.name as step_name,
    1 as attempt,
    words.status,
    named.status as source_status,
    named.started_at,
    named.finished_at as ended_at,
    coalesce(named.finished_at, named.started_at) as last_activity_at,
    case
        when named.started_at <= named.finished_at
            then cast(round((julianday(named.finished_at) - julianday(named.started_at)) * 86400000) as integer)
    end as duration_ms
from named
left join src_statuses as words on words.word = lower(trim(named.status))
where named.place = 1;
