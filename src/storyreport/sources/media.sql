-- The story-to-video service → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- database: stories
select
    workflows.id as source_key,
    workflows.story_title as title,
    words.status,
    workflows.status as source_status,
    workflows.original_prompt as prompt,
    workflows.enhanced_story as text,
    workflows.created_at,
    workflows.updated_at,
    workflows.completed_at as ended_at
from src_workflows as workflows
left join src_statuses as words on words.word = lower(trim(workflows.status));

-- database: runs
select
    workflows.id as source_key,
    'media_workflow' as kind,
    workflows.id as story_key,
    words.status,
    workflows.status as source_status,
    -- A workflow that has ended has the word for that as its phase: there is no such step.
    case when phase_words.word is null then workflows.current_phase end as current_step,
    workflows.created_at as started_at,
    workflows.completed_at as ended_at,
    workflows.updated_at as last_activity_at,
    -- Early versions do not write it, others only in the end.
    coalesce(
        workflows.total_processing_time,
        case
            when workflows.created_at <= workflows.completed_at
                then cast(
                    round((julianday(workflows.completed_at) - julianday(workflows.created_at)) * 86400000) as integer
                )
        end
    ) as duration_ms
from src_workflows as workflows
left join src_statuses as words on words.word = lower(trim(workflows.status))
left join src_statuses as phase_words on phase_words.word = lower(trim(workflows.current_phase));

-- database: steps
select distinct
    current_step as name,
    current_step as family
from src_generation_progress
where current_step is not null;

-- database: step_runs
-- A step lasts from its first progress row to the last one that ends it; where it has no other row, how long is not
-- known. A step that has not ended is the run's current step.
with progress as (
    select
        src_generation_progress.*,
        words.status as our_status,
        min(created_at) over (partition by workflow_id, current_step) as started_at,
        row_number() over (
            partition by workflow_id, current_step, words.status in ('completed', 'failed')
            order by created_at desc, id desc
        ) as place_from_end
    from src_generation_progress
    left join src_statuses as words on words.word = lower(trim(src_generation_progress.status))
    where
        workflow_id is not null
        and current_step is not null
)

select
    key(workflow_id, current_step) as source_key,
    1 as is_derived,
    workflow_id as story_key,
    workflow_id as run_key,
    current_step as step_name,
    our_status as status,
    status as source_status,
    started_at,
    created_at as ended_at,
    created_at as last_activity_at,
    case
        when started_at < created_at
            then cast(round((julianday(created_at) - julianday(started_at)) * 86400000) as integer)
    end as duration_ms
from progress
where
    our_status in ('completed', 'failed')
    and place_from_end = 1;

-- database: events
select
    progress.id as source_key,
    'progress' as kind,
    progress.workflow_id as run_key,
    progress.current_step as step_name,
    words.status,
    progress.status as source_status,
    progress.progress_percentage as progress_pct,
    progress.created_at as at
from src_generation_progress as progress
left join src_statuses as words on words.word = lower(trim(progress.status));

-- database: artifacts
select
    id as source_key,
    coalesce(file_type, 'file') as kind,
    workflow_id as run_key,
    file_path as path,
    file_name as name,
    mime_type,
    file_size as size_bytes,
    created_at
from src_generated_files;

-- database: missing artifacts
-- The first time, where the disk was read before: a file that was made by then and is not there is missing.
select
    files.id,
    not exists (
        select 1
        from main.artifacts as found
        where
            found.source_id = :source_id
            and found.path = substr(files.path, 8)
            and found.input_id <> files.input_id
    ) as is_missing
from main.artifacts as files
where
    files.source_id = :source_id
    and files.input_id = :input_id
    and files.path like '/files/%/%'
    and substr(files.path, 8, instr(substr(files.path, 8), '/') - 1)
    in ('images', 'audio', 'music', 'video', 'videos', 'scenes')
    and files.created_at < (select max(finished_at) from main.ingests where source_id = :source_id)
    and exists (select 1 from main.inputs where source_id = :source_id and part = 'outputs')
    and exists (select 1 from main.inputs where id = :input_id and signature = '');

-- database: delete artifacts
-- What the disk showed before the database was read.
select files.id
from main.artifacts as files
join main.inputs as folders on folders.id = files.input_id
where
    files.source_id = :source_id
    and files.source_key >= 'disk '
    and files.source_key < 'disk!'
    and folders.part = 'outputs'
    and exists (
        select 1
        from main.artifacts as known
        where
            known.source_id = :source_id
            and known.path = '/files/' || files.path
            and known.input_id <> files.input_id
    );

-- database: story_nodes
select
    id as source_key,
    'scene' as kind,
    workflow_id as run_key,
    scene_number as position,
    description as text,
    created_at
from src_scenes;

-- database: calls
-- The service records no model. Its costs are in US dollars. A workflow makes one story, which its clean-up deletes
-- with it: what the calls cost is still the cost of that story.
select
    id as source_key,
    workflow_id as story_key,
    workflow_id as run_key,
    coalesce(api_provider, '') as provider,
    coalesce(endpoint, '') as endpoint,
    case success when 1 then 'completed' when 0 then 'failed' end as status,
    case success when 1 then 'success' when 0 then 'failure' end as source_status,
    error_message,
    created_at as called_at,
    response_time as duration_ms,
    tokens_used as total_tokens,
    cost_usd as cost,
    'USD' as currency
from src_api_usage;

-- outputs: artifacts
-- Only files that the database does not know: /files/images/scene_1.png is images/scene_1.png on the disk.
select
    'disk ' || files.path as source_key,
    files.kind,
    files.path,
    files.name,
    files.size as size_bytes,
    files.modified_at as created_at
from src_disk_files as files
where
    not exists (
        select 1
        from main.artifacts
        join main.inputs on inputs.id = artifacts.input_id
        where
            artifacts.source_id = :source_id
            and artifacts.path = '/files/' || files.path
            and inputs.part = 'database'
    );

-- outputs: missing artifacts
-- Of the folders that are read.
select
    files.id,
    files.path not in (select '/files/' || path from src_disk_files) as is_missing
from main.artifacts as files
where
    files.source_id = :source_id
    and files.input_id <> :input_id
    and files.path like '/files/%/%'
    and substr(files.path, 8, instr(substr(files.path, 8), '/') - 1)
    in ('images', 'audio', 'music', 'video', 'videos', 'scenes');
