-- ComfyUI's history → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words. A prompt that is given twice counts
-- once, as it was last; a queue that was asked before says nothing of a prompt that has ended since.

-- history: runs
with ranked as (
    select
        src_comfyui_prompts.*,
        row_number() over (partition by prompt_id order by position desc) as place
    from src_comfyui_prompts
)

select
    ranked.prompt_id as source_key,
    'prompt' as kind,
    words.status,
    ranked.status as source_status,
    ranked.error_message,
    ranked.queued_at,
    ranked.started_at,
    ranked.ended_at,
    coalesce(ranked.ended_at, ranked.started_at, ranked.queued_at) as last_activity_at,
    case
        when ranked.started_at <= ranked.ended_at
            then cast(round((julianday(ranked.ended_at) - julianday(ranked.started_at)) * 86400000) as integer)
    end as duration_ms
from ranked
left join src_statuses as words on words.word = lower(trim(ranked.status))
left join main.runs as known
    on
        known.source_id = :source_id
        and known.source_key = ranked.prompt_id
where
    ranked.place = 1
    and (known.ended_at is null or ranked.ended_at is not null);

-- history: steps
-- Nodes of one class are of one family.
select distinct
    class_type || coalesce('[' || node_id || ']', '') as name,
    class_type as family
from src_comfyui_nodes;

-- history: step_runs
with ranked as (
    select
        src_comfyui_nodes.*,
        position = max(position) over (partition by prompt_id) as is_last
    from src_comfyui_nodes
)

select
    key(ranked.prompt_id, coalesce(ranked.node_id, ranked.class_type)) as source_key,
    ranked.prompt_id as run_key,
    ranked.class_type || coalesce('[' || ranked.node_id || ']', '') as step_name,
    1 as attempt,
    words.status,
    ranked.status as source_status,
    ranked.error_message,
    ranked.ended_at,
    ranked.ended_at as last_activity_at
from ranked
left join src_statuses as words on words.word = lower(trim(ranked.status))
where ranked.is_last;
