-- Codex CLI's sessions → core tables.
-- A view src_<table> has the rows to load.

-- sessions: with session_times
select
    session,
    timestamp as began_at,
    timestamp as ended_at
from src_codex_usage;

-- sessions: runs
select * from finished_sessions;

-- sessions: calls
-- Input tokens include the cached ones, output tokens the reasoning. A session may be there
-- twice: an archive is a copy.
with counted as (
    select
        src_codex_usage.*,
        row_number() over (
            partition by session, usage_id
            order by coalesce(input_tokens, 0) + coalesce(output_tokens, 0) desc, position
        ) as place
    from src_codex_usage
)

select
    key(session, usage_id) as source_key,
    session as run_key,
    coalesce(provider, 'openai') as provider,
    'responses' as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    timestamp as called_at,
    input_tokens,
    output_tokens,
    cached_input_tokens as cache_read_tokens,
    nullif(cache_write_input_tokens, 0) as cache_write_tokens,
    coalesce(service_tier, '') as tier,
    case when reasoning_output_tokens <= output_tokens then reasoning_output_tokens end as reasoning_tokens
from counted
where place = 1;
