-- The story-generation service → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- main: stories
select
    story_id as source_key,
    title,
    status as source_status,
    chapter_count,
    coalesce(chapter_count, 0) = 0 as lacks_chapters,
    created_at,
    updated_at
from src_stories;

-- workflows: runs
select
    runs.run_id as source_key,
    'workflow_run' as kind,
    runs.story_id as story_key,
    words.status,
    runs.status as source_status,
    runs.current_step,
    runs.failure_stage,
    runs.failure_code,
    runs.error_message,
    runs.created_at as queued_at,
    runs.started_at,
    runs.ended_at,
    nullif(
        max(coalesce(runs.updated_at, ''), coalesce(runs.started_at, ''), coalesce(runs.created_at, '')),
        ''
    ) as last_activity_at,
    case
        when runs.started_at <= runs.ended_at
            then cast(round((julianday(runs.ended_at) - julianday(runs.started_at)) * 86400000) as integer)
    end as duration_ms
from src_story_generation_runs as runs
left join src_statuses as words on words.word = lower(trim(runs.status));

-- workflows: steps
-- write_chapter_7 is an instance of write_chapter.
select
    step_name as name,
    case
        when step_name glob '*[^_]_[0-9]*' and rtrim(step_name, '0123456789') like '%#_' escape '#'
            then substr(rtrim(step_name, '0123456789'), 1, length(rtrim(step_name, '0123456789')) - 1)
        else step_name
    end as family
from src_story_generation_steps
group by step_name;

-- workflows: step_runs
select
    key(steps.run_id, steps.step_name) as source_key,
    steps.run_id as run_key,
    steps.step_name,
    words.status,
    steps.status as source_status,
    case when words.status = 'queued' then steps.created_at end as queued_at,
    steps.started_at,
    steps.ended_at,
    nullif(
        max(coalesce(steps.updated_at, ''), coalesce(steps.started_at, ''), coalesce(steps.created_at, '')),
        ''
    ) as last_activity_at,
    case
        when steps.started_at <= steps.ended_at
            then cast(round((julianday(steps.ended_at) - julianday(steps.started_at)) * 86400000) as integer)
    end as duration_ms
from src_story_generation_steps as steps
left join src_statuses as words on words.word = lower(trim(steps.status));

-- workflows: calls
-- The service's own estimate, in euros, is what it recorded.
select
    token_usage_id as source_key,
    story_id as story_key,
    coalesce(ai_model, '') as model,
    coalesce(action, '') as endpoint,
    'completed' as status,
    created_at as called_at,
    input_tokens,
    output_tokens,
    input_tokens + output_tokens as total_tokens,
    estimated_cost_in_euros as cost,
    'EUR' as currency
from src_token_usage_tracking;

-- logs: log_events
select
    key as source_key,
    story_id as story_key,
    run_id as run_key,
    level,
    message,
    metric,
    timestamp as at
from src_log_lines;

-- logs: delete log_events
-- A last line without an end, of which a file now has more; or the same line as one that had been taken for whole.
select log_events.id
from main.log_events
where
    log_events.source_id = :source_id
    and log_events.input_id = :input_id
    and (
        (
            instr(log_events.source_key, '/torn/') > 0
            and substr(log_events.source_key, instr(log_events.source_key, '/torn/') + 6)
            in (select file from src_log_lines)
        )
        or log_events.source_key in (
            select substr(key, 1, instr(key, '/torn/') - 1)
            from src_log_lines
            where instr(key, '/torn/') > 0
        )
    )
    and log_events.source_key not in (select key from src_log_lines);
