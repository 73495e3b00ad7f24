-- Claude Code's sessions → core tables.
-- A view src_<table> has the rows to load.

-- sessions: with session_times
select
    session,
    timestamp as began_at,
    timestamp as ended_at
from src_claude_messages;

-- sessions: runs
select * from finished_sessions;

-- sessions: calls
-- A message counts once, with the tokens of its largest line and the time of its first. Its kinds of tokens, searches
-- and tier may stand in another of its lines. Anthropic counts the cached tokens beside the input tokens. Other
-- providers' models come through gateways that Claude Code does not name.
with shared as (
    -- Ids of several messages, as some gateways give them. While it streams, a message has few counts of its prompt.
    select
        message_id,
        min(request_id) as request_id,
        count(distinct input_tokens + coalesce(cache_read_input_tokens, 0)) as prompts
    from src_claude_messages
    group by message_id
    having
        prompts > 3
        or (prompts > 1 and min(request_id) < max(request_id))
        or (prompts > 1 and max(request_id) is null and min(session) < max(session))
),

told_apart as (
    -- A session that goes on from another has the lines of that with their times.
    select
        lines.message_id,
        lines.timestamp,
        coalesce(
            min(lines.request_id),
            shared.request_id,
            key(
                min(lines.session),
                case
                    when shared.prompts > 3
                        then max(lines.input_tokens + coalesce(lines.cache_read_input_tokens, 0))
                end
            ),
            ''
        ) as part
    from src_claude_messages as lines
    cross join shared on shared.message_id = lines.message_id
    group by lines.message_id, lines.timestamp
),

read as (
    select
        src_claude_messages.*,
        case
            when told_apart.message_id is not null then coalesce(src_claude_messages.request_id, told_apart.part)
        end as part,
        coalesce(input_tokens, 0)
        + coalesce(cache_creation_input_tokens, 0)
        + coalesce(cache_read_input_tokens, 0)
        + coalesce(output_tokens, 0) as tokens
    from src_claude_messages
    left join told_apart
        on
            told_apart.message_id = src_claude_messages.message_id
            and told_apart.timestamp is src_claude_messages.timestamp
),

messages as (
    select
        read.*,
        min(timestamp) over (partition by message_id, part) as first_at,
        max(cost_usd) over (partition by message_id, part) as any_cost,
        max(cache_write_1h_tokens) over (partition by message_id, part) as any_hour,
        max(web_searches) over (partition by message_id, part) as any_searches,
        max(service_tier) over (partition by message_id, part) as any_tier,
        max(speed) over (partition by message_id, part) as any_speed,
        max(inference_geo) over (partition by message_id, part) as any_geo,
        row_number() over (
            partition by message_id, part
            order by tokens desc, timestamp desc, position desc
        ) as place
    from read
)

select
    message_id || coalesce('/' || part, '') as source_key,
    session as run_key,
    case when model like 'claude%' then 'anthropic' else '' end as provider,
    'messages' as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    first_at as called_at,
    input_tokens + coalesce(cache_creation_input_tokens, 0) + coalesce(cache_read_input_tokens, 0) as input_tokens,
    output_tokens,
    reasoning_tokens,
    context_tokens,
    cache_read_input_tokens as cache_read_tokens,
    cache_creation_input_tokens as cache_write_tokens,
    coalesce(cache_write_1h_tokens, min(any_hour, cache_creation_input_tokens)) as cache_write_1h_tokens,
    nullif(any_searches, 0) as web_searches,
    trim(
        coalesce(nullif(lower(coalesce(service_tier, any_tier)), 'standard'), '')
        || case when lower(coalesce(speed, any_speed)) = 'fast' then ' fast' else '' end
        || case when lower(coalesce(inference_geo, any_geo)) = 'us' then ' us' else '' end
    ) as tier,
    -- Versions that did not know a model's price wrote down 0.
    case
        when coalesce(cost_usd, any_cost) <> 0 or tokens = 0 then coalesce(cost_usd, any_cost)
        when any_cost <> 0 then any_cost
    end as cost,
    case when any_cost is null then '' else 'USD' end as currency
from messages
where place = 1;
