-- A story-to-video service's database: :workflows workflows over the time from :started to :ended, with 25 paid calls,
-- six progress rows and two files each; the last 20 have failed or hang, and 15 calls belong to none.
create table workflows (
    id text primary key,
    user_id text,
    original_prompt text,
    enhanced_story text,
    story_title text,
    max_scenes integer,
    current_phase text,
    status text,
    created_at timestamp default current_timestamp,
    updated_at timestamp default current_timestamp,
    completed_at timestamp,
    total_processing_time real
);
create table generated_files (
    id text primary key,
    workflow_id text references workflows (id),
    file_type text,
    file_path text,
    file_name text,
    file_size integer,
    mime_type text,
    metadata json,
    created_at timestamp default current_timestamp
);
create table generation_progress (
    id integer primary key,
    workflow_id text,
    progress_percentage real,
    current_step text,
    status text,
    estimated_time_remaining integer,
    created_at timestamp default current_timestamp
);
create table api_usage (
    id integer primary key,
    workflow_id text,
    api_provider text,
    endpoint text,
    tokens_used integer,
    cost_usd real,
    response_time real,
    success boolean,
    error_message text,
    created_at timestamp default current_timestamp
);

insert into workflows (
    id, original_prompt, story_title, max_scenes, current_phase, status, created_at, updated_at, completed_at,
    total_processing_time
)
with recursive numbers (number) as (
    select 0
    union all
    select number + 1
    from numbers
    where number < :workflows - 1
),

placed as (
    select
        number,
        :workflows - number <= 10 as is_active,
        :workflows - number between 11 and 20 as is_failed,
        cast(:started + number * (:ended - :started - 7200.0) / :workflows as integer) as started
    from numbers
)

select
    'workflow-' || number,
    'A film about number ' || number,
    'Film ' || number,
    5,
    case when is_active then 'image_generation' else 'video_assembly' end,
    case when is_active then 'active' when is_failed then 'failed' else 'completed' end,
    datetime(started, 'unixepoch'),
    datetime(started + 600, 'unixepoch'),
    case when not is_active then datetime(started + 600, 'unixepoch') end,
    case when not is_active then 600.0 end
from placed;

insert into generation_progress (workflow_id, progress_percentage, current_step, status, created_at)
with phases (phase, phase_name) as (
    values
        (0, 'script_generation'),
        (1, 'image_generation'),
        (2, 'video_assembly')
),

halves (half) as (
    values
        (0),
        (1)
)

select
    workflows.id,
    phases.phase * 33 + halves.half * 33,
    phases.phase_name,
    case
        when halves.half = 0 then 'in_progress'
        when phases.phase = 2 and workflows.status = 'failed' then 'failed'
        else 'completed'
    end,
    datetime(workflows.created_at, (phases.phase * 180 + halves.half * (60 + workflows.rowid % 90)) || ' seconds')
from workflows
cross join phases
cross join halves
where
    workflows.status <> 'active'
    or phases.phase * 2 + halves.half < 3;

insert into generated_files (id, workflow_id, file_type, file_path, file_name, file_size, mime_type, created_at)
with kinds (kind, ending, mime_type, size) as (
    values
        ('image', 'png', 'image/png', 900000),
        ('video', 'mp4', 'video/mp4', 40000000)
)

select
    workflows.id || '-' || kinds.kind,
    workflows.id,
    kinds.kind,
    '/files/' || kinds.kind || '/' || workflows.id || '.' || kinds.ending,
    workflows.id || '.' || kinds.ending,
    kinds.size + workflows.rowid % 1000 * 1000,
    kinds.mime_type,
    workflows.updated_at
from workflows
cross join kinds
where workflows.status = 'completed';

insert into api_usage (
    workflow_id, api_provider, endpoint, tokens_used, cost_usd, response_time, success, error_message, created_at
)
with recursive numbers (number) as (
    select 0
    union all
    select number + 1
    from numbers
    where number < 24
),

services (service, provider, endpoint, cost_usd, seconds) as (
    values
        (0, 'openai', 'chat', 0.012, 3.5),
        (1, 'openai', 'moderation', 0.0, 0.4),
        (2, 'stability', 'image', 0.04, 8.0),
        (3, 'elevenlabs', 'voice', 0.03, 4.0),
        (4, 'runway', 'video', 0.5, 40.0)
),

placed as (
    select
        workflows.id as workflow_id,
        workflows.created_at as started,
        numbers.number,
        ((workflows.rowid * 25 + numbers.number) * 2654435761 & 4294967295) / 4096 as stirred
    from workflows
    cross join numbers
)

select
    placed.workflow_id,
    services.provider,
    services.endpoint,
    case when services.service = 0 then 400 + placed.stirred % 3000 end,
    services.cost_usd * (50 + placed.stirred % 100) / 100,
    services.seconds * (50 + placed.stirred % 100) / 100,
    placed.stirred % 50 > 0,
    case when placed.stirred % 50 = 0 then 'Rate limit reached, try again in ' || placed.stirred || ' ms' end,
    datetime(placed.started, (placed.number * 20) || ' seconds')
from placed
cross join services on services.service = placed.number % 5;

update api_usage
set workflow_id = 'lost-' || id
where id <= 15;
