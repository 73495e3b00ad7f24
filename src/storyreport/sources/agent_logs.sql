-- Log events of coding agents → core tables.
-- A view src_<table> has the rows to load.

-- logs: with session_times
select
    session,
    called_at as began_at,
    called_at as ended_at
from src_agent_requests;

-- logs: runs
select * from finished_sessions;

-- logs: calls
-- An event that was exported twice (after a retry, say) counts once. Anthropic counts cached tokens beside the input,
-- Google thoughts beside the output and the tools' tokens beside the input; OpenAI counts all of them within.
with identified as (
    select
        src_agent_requests.*,
        coalesce(
            agent || ' ' || request_id || case when is_failed then ' ' || called_at else '' end,
            key(agent, session, called_at, sequence, model, is_failed, input_tokens, output_tokens)
        ) as event_key
    from src_agent_requests
),

requests as (
    select
        identified.*,
        coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as cached,
        coalesce(input_tokens, 0) + coalesce(output_tokens, 0) + coalesce(cache_read_tokens, 0) as tokens,
        row_number() over (
            partition by event_key
            order by coalesce(input_tokens, 0) + coalesce(output_tokens, 0) desc, position desc
        ) as place
    from identified
)

select
    event_key as source_key,
    session as run_key,
    provider,
    agent as endpoint,
    coalesce(model, '') as model,
    case when is_failed then 'failed' else 'completed' end as status,
    status_code as source_status,
    case when is_failed then coalesce('HTTP ' || nullif(status_code, 'undefined'), 'error') end as error_message,
    called_at,
    duration_ms,
    case
        when agent = 'claude_code' then input_tokens + cached
        when agent = 'gemini_cli' then input_tokens + coalesce(tool_tokens, 0)
        else input_tokens
    end as input_tokens,
    case when agent = 'gemini_cli' then output_tokens + coalesce(thought_tokens, 0) else output_tokens end
        as output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    case when lower(speed) = 'fast' then 'fast' else '' end as tier,
    case when agent <> 'claude_code' and thought_tokens <= coalesce(output_tokens, 0) then thought_tokens end
        as reasoning_tokens,
    case when cost_usd <> 0 or (tokens = 0 and is_failed) then cost_usd end as cost,
    'USD' as currency,
    nullif(json_patch('{}', json_object('user', "user")), '{}') as labels
from requests
where place = 1;
