-- Gemini CLI's sessions → core tables.
-- A view src_<table> has the rows to load.

-- sessions: with session_times
select
    session,
    timestamp as began_at,
    timestamp as ended_at
from src_gemini_messages;

-- sessions: runs
select * from finished_sessions;

-- sessions: calls
-- A message counts once, with the most tokens that were written for it. Google counts cached tokens within the input
-- (unless the total has them beside it), the tokens of tools' results beside it, and thoughts beside the output.
with messages as (
    select
        src_gemini_messages.*,
        min(timestamp) over (partition by session, message_id) as first_at,
        row_number() over (
            partition by session, message_id
            order by
                coalesce(
                    total_tokens,
                    coalesce(input_tokens, 0) + coalesce(output_tokens, 0) + coalesce(thoughts_tokens, 0)
                ) desc,
                position desc
        ) as place
    from src_gemini_messages
)

select
    key(session, message_id) as source_key,
    session as run_key,
    'google' as provider,
    'generate_content' as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    first_at as called_at,
    input_tokens + coalesce(tool_tokens, 0)
    + case
        when
            total_tokens
            = input_tokens + cached_tokens + coalesce(tool_tokens, 0) + output_tokens + coalesce(thoughts_tokens, 0)
            then cached_tokens
        else 0
    end as input_tokens,
    output_tokens + coalesce(thoughts_tokens, 0) as output_tokens,
    cached_tokens as cache_read_tokens,
    case when output_tokens is not null then thoughts_tokens end as reasoning_tokens
from messages
where place = 1;
