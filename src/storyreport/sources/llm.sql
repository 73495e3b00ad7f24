-- The llm command line tool → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in.

-- database: calls
-- input_tokens are as the model's plugin gave them. Anthropic's leave out the cached ones, which stand beside them; the
-- details of others are of what the tokens include. Early versions of the plugin for Gemini left out what it thought.
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
            json_extract(details, '$.output_tokens_details.reasoning_tokens'),
            json_extract(details, '$.thoughtsTokenCount')
        ) as said_reasoning,
        json_extract(details, '$.thoughtsTokenCount') as said_thoughts,
        json_extract(details, '$.candidatesTokenCount') as said_candidates,
        json_extract(details, '$.server_tool_use.web_search_requests') as said_searches,
        json_extract(details, '$.service_tier') as said_tier,
        -- Sound among the tokens in and out: OpenAI's plugin names it, Google's has a list of kinds.
        coalesce(
            json_extract(details, '$.prompt_tokens_details.audio_tokens'),
            (
                select sum(json_extract(kinds.value, '$.tokenCount'))
                from json_each(details, '$.promptTokensDetails') as kinds
                where case when kinds.type = 'object' then json_extract(kinds.value, '$.modality') end = 'AUDIO'
            )
        ) as said_input_audio,
        coalesce(
            json_extract(details, '$.completion_tokens_details.audio_tokens'),
            (
                select sum(json_extract(kinds.value, '$.tokenCount'))
                from json_each(details, '$.candidatesTokensDetails') as kinds
                where case when kinds.type = 'object' then json_extract(kinds.value, '$.modality') end = 'AUDIO'
            )
        ) as said_output_audio
    from detailed
),

checked as (
    select
        extracted.*,
        case when cast(read_beside as text) not glob '*[^0-9.]*' then cast(read_beside as integer) end
            as cache_read_beside,
        case when cast(written_beside as text) not glob '*[^0-9.]*' then cast(written_beside as integer) end
            as cache_write,
        case when cast(read_within as text) not glob '*[^0-9.]*' then cast(read_within as integer) end
            as cache_read_within
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
    output_tokens
    + case
        when
            typeof(said_thoughts) = 'integer'
            and said_thoughts <> output_tokens
            and coalesce(said_candidates, output_tokens) = output_tokens
            then max(said_thoughts, 0)
        else 0
    end as output_tokens,
    coalesce(cache_read_beside, cache_read_within) as cache_read_tokens,
    cache_write as cache_write_tokens,
    case when cast(said_hour as text) not glob '*[^0-9.]*' then cast(said_hour as integer) end as cache_write_1h_tokens,
    case when cast(said_reasoning as text) not glob '*[^0-9.]*' then cast(said_reasoning as integer) end
        as reasoning_tokens,
    case when cast(said_searches as text) not glob '*[^0-9.]*' then nullif(cast(said_searches as integer), 0) end
        as web_searches,
    case when typeof(said_input_audio) = 'integer' then nullif(said_input_audio, 0) end as input_audio_tokens,
    case when typeof(said_output_audio) = 'integer' then nullif(said_output_audio, 0) end as output_audio_tokens,
    case when typeof(said_tier) = 'text' then substr(said_tier, 1, 50) else '' end as tier,
    -- OpenRouter's plugin keeps what the call cost; 0 is none.
    case
        when typeof(said_cost) in ('integer', 'real') and said_cost > 0 and said_cost < 1e12
            then cast(said_cost as real)
    end as cost,
    'USD' as currency
from checked;
