-- PostHog's events of model calls → core tables.
-- A view src_<table> has the rows to load.

-- events: calls
-- An event says whether its input includes cached tokens; where it does not, Anthropic's does not, unless Vercel's
-- gateway passed it on. A cost of 0 beside tokens is one that PostHog has no price for.
with events as (
    select
        src_posthog_calls.*,
        coalesce(
            nullif(cache_write_tokens, 0),
            nullif(coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0), 0),
            cache_write_tokens
        ) as written
    from src_posthog_calls
),

calls as (
    select
        events.*,
        coalesce(cache_read_tokens, 0) + coalesce(written, 0) as cached,
        coalesce(input_tokens, 0) + coalesce(output_tokens, 0) as tokens,
        row_number() over (
            partition by event_id
            order by coalesce(input_tokens, 0) + coalesce(output_tokens, 0) desc, position desc
        ) as place
    from events
),

read as (
    select
        calls.*,
        coalesce(
            is_exclusive,
            case
                when lower(provider) = 'gateway' and lower(framework) = 'vercel' then coalesce(input_tokens, 0) < cached
                -- OpenAI's form of an answer has them within, whoever's model it is.
                when lower(provider) in ('openai', 'openrouter', 'azure') then coalesce(input_tokens, 0) < cached
                else lower(provider) = 'anthropic' or lower(model) like '%claude%'
            end,
            0
        ) as is_beside
    from calls
)

select
    event_id as source_key,
    lower(coalesce(provider, '')) as provider,
    case event when '$ai_embedding' then 'embeddings' else 'chat' end as endpoint,
    coalesce(model, '') as model,
    case when is_error = 1 or status_code >= 400 then 'failed' else 'completed' end as status,
    cast(status_code as text) as source_status,
    case when is_error = 1 or status_code >= 400 then coalesce('HTTP ' || status_code, 'error') end as error_message,
    timestamp as called_at,
    latency as duration_ms,
    input_tokens + case when is_beside then cached else 0 end as input_tokens,
    output_tokens,
    cache_read_tokens,
    written as cache_write_tokens,
    cache_write_1h_tokens,
    nullif(cache_audio_read_tokens, 0) as cache_audio_read_tokens,
    nullif(input_audio_tokens, 0) as input_audio_tokens,
    nullif(output_audio_tokens, 0) as output_audio_tokens,
    nullif(input_image_tokens, 0) as input_image_tokens,
    nullif(output_image_tokens, 0) as output_image_tokens,
    nullif(input_video_tokens, 0) as input_video_tokens,
    nullif(output_video_tokens, 0) as output_video_tokens,
    case when reasoning_tokens <= output_tokens then reasoning_tokens end as reasoning_tokens,
    nullif(web_searches, 0) as web_searches,
    case when cost <> 0 or (tokens + cached = 0 and (is_error = 1 or status_code >= 400)) then cost end as cost,
    'USD' as currency,
    nullif(json_patch('{}', json_object('user', "user")), '{}') as labels
from read
where place = 1;
