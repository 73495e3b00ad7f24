-- n8n → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.

-- database: with workflows
-- Two workflows may have one name.
select
    cast(id as text) as id,
    name || case when count(*) over (partition by name) > 1 then ' (' || id || ')' else '' end as step
from all_workflow_entity
where name <> '';

-- database: pipelines
select distinct coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as name
from src_execution_entity as executions
left join workflows on workflows.id = cast(executions.workflowid as text);

-- database: runs
with worded as (
    select
        src_execution_entity.*,
        coalesce(
            nullif(lower(trim(status)), ''),
            case
                when finished = 1 then 'finished'
                when stoppedat is not null then 'not finished'
                when waittill is not null then 'waiting'
                else 'running'
            end
        ) as word
    from src_execution_entity
)

select
    cast(executions.id as text) as source_key,
    'execution' as kind,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as pipeline_name,
    words.status,
    executions.word as source_status,
    executions.createdat as queued_at,
    executions.startedat as started_at,
    -- What waits was stopped until then.
    case when words.status is not 'waiting' then executions.stoppedat end as ended_at,
    nullif(
        max(coalesce(executions.stoppedat, ''), coalesce(executions.startedat, ''), coalesce(executions.createdat, '')),
        ''
    ) as last_activity_at,
    case
        when words.status is not 'waiting' and executions.startedat <= executions.stoppedat
            then cast(
                round((julianday(executions.stoppedat) - julianday(executions.startedat)) * 86400000) as integer
            )
    end as duration_ms
from worded as executions
left join workflows on workflows.id = cast(executions.workflowid as text)
left join src_statuses as words on words.word = executions.word;

-- database: steps
select distinct
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as pipeline_name,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as name,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as family
from src_execution_entity as executions
left join workflows on workflows.id = cast(executions.workflowid as text);

-- database: step_runs
-- A retry is an execution of its own that names the one that it repeats: both belong to the run of the first.
with recursive chains as (
    select
        id,
        id as first_id,
        retryof,
        1 as attempt
    from src_execution_entity
    union
    select
        chains.id,
        earlier.id,
        earlier.retryof,
        chains.attempt + 1
    from chains
    join all_execution_entity as earlier on earlier.id = chains.retryof
    where chains.attempt < 100
),

-- An execution that was repeated may have been deleted since.
attempts as (
    select
        id,
        first_id,
        attempt + coalesce(retryof <> '', 0) as attempt,
        row_number() over (partition by id order by attempt desc) as place
    from chains
)

select
    runs.source_key,
    cast(attempts.first_id as text) as run_key,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as pipeline_name,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as step_name,
    attempts.attempt,
    runs.status,
    runs.source_status,
    runs.queued_at,
    runs.started_at,
    runs.ended_at,
    runs.last_activity_at,
    runs.duration_ms
from src_execution_entity as executions
join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = cast(executions.id as text)
join attempts
    on
        attempts.id = executions.id
        and attempts.place = 1
left join workflows on workflows.id = cast(executions.workflowid as text);
