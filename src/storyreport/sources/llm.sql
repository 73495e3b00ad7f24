-- The llm command line tool → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in.

-- database: calls
-- input_tokens are as the model's plugin gave them. Anthropic's leave out the cached ones, which stand beside them; the
-- details of others are of what the tokens include.
with answered as (
    select
        id,
        coalesce(nullif(resolved_model, ''), model) as model,
        duration_ms,
        datetime_utc,
        input_tokens,
        output_tokens,
        token_details,
        nullif(error, '') as error
    from src_turns
    union all
    select
        id,
        coalesce(nullif(resolved_model, ''), model),
        duration_ms,
        datetime_utc,
        input_tokens,
        output_tokens,
        token_details,
        null
    from src_responses
    where id not in (select id from all_turns)
    union all
    select
        'log ' || id,
        model,
        duration_ms,
        datetime_utc,
        null,
        null,
        null,
        null
    from src_logs
),

detailed as (
    select
        answered.*,
        case when json_valid(token_details) and json_type(token_details) = 'object' then token_details else '{}' end
            as details
    from answered
),

extracted as (
    select
        detailed.*,
        json_extract(details, '$.cache_read_input_tokens') as read_beside,
        json_extract(details, '$.cache_creation_input_tokens') as written_beside,
        coalesce(
            json_extract(details, '$.prompt_tokens_details.cached_tokens'),
            json_extract(details, '$.input_tokens_details.cached_tokens'),
            json_extract(details, '$.cachedContentTokenCount')
        ) as read_within,
        json_extract(details, '$.cost') as said_cost,
        json_extract(details, '$.cache_creation.ephemeral_1h_input_tokens') as said_hour,
        coalesce(
            json_extract(details, '$.completion_tokens_details.reasoning_tokens'),
            json_extract(details, '$.output_tokens_details.reasoning_tokens')
        ) as said_reasoning,
        json_extract(details, '$.server_tool_use.web_search_requests') as said_searches
    from detailed
),

checked as (
    select
        extracted.*,
        case when typeof(read_beside) = 'integer' and read_beside >= 0 then read_beside end as cache_read_beside,
        case when typeof(written_beside) = 'integer' and written_beside >= 0 then written_beside end as cache_write,
        case when typeof(read_within) = 'integer' and read_within >= 0 then read_within end as cache_read_within
    from extracted
)

select
    id as source_key,
    coalesce(model, '') as model,
    case when error is null then 'completed' else 'failed' end as status,
    error as error_message,
    datetime_utc as called_at,
    duration_ms,
    input_tokens + coalesce(cache_read_beside, 0) + coalesce(cache_write, 0) as input_tokens,
    output_tokens,
    coalesce(cache_read_beside, cache_read_within) as cache_read_tokens,
    cache_write as cache_write_tokens,
    case when typeof(said_hour) = 'integer' and said_hour >= 0 then said_hour end as cache_write_1h_tokens,
    case when typeof(said_reasoning) = 'integer' and said_reasoning >= 0 then said_reasoning end as reasoning_tokens,
    case when typeof(said_searches) = 'integer' and said_searches > 0 then said_searches end as web_searches,
    -- OpenRouter's plugin keeps what the call cost; 0 is none.
    case
        when typeof(said_cost) in ('integer', 'real') and said_cost > 0 and said_cost < 1e12
            then cast(said_cost as real)
    end as cost,
    'USD' as currency
from checked;
