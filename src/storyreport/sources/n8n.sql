-- n8n → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.

-- database: with workflows
-- Two workflows may have one name. An answer of the API has the workflow of each execution as it was then.
with named as (
    select
        cast(id as text) as id,
        name
    from all_workflow_entity
    where name <> ''
    union all
    select
        id,
        name
    from (
        select
            id,
            name,
            row_number() over (partition by id order by startedat desc, execution_id desc) as place
        from (
            select
                cast(workflowid as text) as id,
                id as execution_id,
                startedat,
                case when json_valid(workflowdata) then cast(json_extract(workflowdata, '$.name') as text) end as name
            from src_execution_entity
        )
        where
            name <> ''
            and id not in (
                select cast(id as text)
                from all_workflow_entity
                where name <> ''
            )
    )
    where place = 1
)

select
    id,
    name || case when count(*) over (partition by name) > 1 then ' (' || id || ')' else '' end as step
from named;

-- database: with firsts
-- Each execution with the first one that it repeats, or itself; `retryof` is set where that first one was deleted. Ids
-- may be numbers in one column and text in the other.
with recursive chains as (
    select
        cast(id as text) as id,
        cast(id as text) as first_id,
        cast(retryof as text) as retryof,
        1 as depth
    from src_execution_entity
    union
    select
        chains.id,
        chains.retryof,
        cast(earlier.retryof as text),
        chains.depth + 1
    from chains
    join all_execution_entity as earlier on earlier.id in (chains.retryof, cast(chains.retryof as integer))
    where
        chains.depth < 100
        -- One that repeats itself is not followed again and again.
        and chains.retryof <> chains.first_id
)

select
    id,
    first_id,
    nullif(retryof, '') as retryof
from (
    select
        chains.*,
        row_number() over (partition by id order by depth desc) as place
    from chains
)
where place = 1;

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
    coalesce(firsts.retryof, nullif(firsts.first_id, firsts.id)) as again_of,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as pipeline_name,
    words.status,
    executions.word as source_status,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as current_step,
    executions.createdat as queued_at,
    executions.startedat as started_at,
    -- What waits was stopped until then.
    case when words.status is not 'waiting' then executions.stoppedat end as ended_at,
    -- What waits is not silent before its time has come; without an end it waits until the year 3000.
    nullif(
        max(
            coalesce(executions.stoppedat, ''),
            coalesce(executions.startedat, ''),
            coalesce(executions.createdat, ''),
            case when words.status = 'waiting' and executions.waittill < '3000' then executions.waittill else '' end
        ),
        ''
    ) as last_activity_at,
    case
        when words.status is not 'waiting' and executions.startedat <= executions.stoppedat
            then cast(
                round((julianday(executions.stoppedat) - julianday(executions.startedat)) * 86400000) as integer
            )
    end as duration_ms
from worded as executions
join firsts on firsts.id = cast(executions.id as text)
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
-- A retry is an execution of its own that names the one that it repeats: both belong to the run of the first. One may
-- be repeated more than once, so that attempts are counted in the order in which they began. The error is in the data
-- of an execution, as an object or as `flatted` writes it: a list in which each value is the place of another one.
with recursive origins as materialized (
    select *
    from firsts
),

retries as materialized (
    select
        cast(id as text) as id,
        cast(retryof as text) as retryof,
        coalesce(startedat, createdat, '') as began_at
    from all_execution_entity
    where retryof <> ''
),

families as (
    select
        first_id,
        first_id as id,
        '' as began_at,
        1 as depth
    from origins
    union
    select
        families.first_id,
        retries.id,
        retries.began_at,
        families.depth + 1
    from families
    join retries on retries.retryof = families.id
    where
        families.depth < 100
        and retries.id <> families.id
),

numbered as (
    select
        first_id,
        id,
        row_number() over (partition by first_id order by depth > 1, began_at, depth, length(id), id) as attempt
    from families
),

-- An execution that was repeated may have been deleted since.
attempts as materialized (
    select
        origins.id,
        origins.first_id,
        numbered.attempt + (origins.retryof is not null) as attempt
    from numbered
    join origins
        on
            origins.first_id = numbered.first_id
            and origins.id = numbered.id
),

found as materialized (
    select
        id,
        data,
        json_extract(data, '$.resultData.error.message') as message,
        cast(json_extract(data, '$[0].resultData') as integer) as place
    from src_execution_entity
    where json_valid(data)
),

errors as materialized (
    select
        id,
        coalesce(
            message,
            json_extract(
                data,
                '$[' || cast(
                    json_extract(
                        data,
                        '$[' || cast(json_extract(data, '$[' || place || '].error') as integer) || '].message'
                    ) as integer
                ) || ']'
            )
        ) as message
    from found
)

select
    runs.source_key,
    attempts.first_id as run_key,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as pipeline_name,
    coalesce(workflows.step, cast(executions.workflowid as text), 'unknown workflow') as step_name,
    attempts.attempt,
    runs.status,
    runs.source_status,
    case when runs.status = 'failed' then clean_text(cast(errors.message as text)) end as error_message,
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
join attempts on attempts.id = runs.source_key
left join errors on errors.id = executions.id
left join workflows on workflows.id = cast(executions.workflowid as text);
