-- Responses of OpenAI's API → core tables.
-- A view src_<table> has the rows to load; src_statuses translates words.

-- responses: calls
-- A response may be there more than once, as the parts of a stream are: the largest counts. One without an id is a call
-- of its own, of its file's name; a short id may be that of others: some servers count them, or have only one. Input
-- tokens include cached ones, output tokens the reasoning.
with named as (
    select
        src_openai_responses.*,
        case
            when
                length(id) < 24
                and (id glob 'chatcmpl-*' or id glob 'cmpl-*')
                and object in ('chat.completion', 'text_completion')
                then key(id, created_at)
            else coalesce(id, 'line ' || line || ' of ' || file)
        end as response_id
    from src_openai_responses
),

responses as (
    select
        named.*,
        coalesce(input_tokens, 0) + coalesce(output_tokens, 0) as tokens,
        row_number() over (
            partition by response_id
            order by coalesce(input_tokens, 0) + coalesce(output_tokens, 0) desc, position desc
        ) as place
    from named
)

select
    responses.response_id as source_key,
    coalesce(responses.provider, '') as provider,
    case
        when responses.object in ('chat.completion', 'chat.completion.chunk') then 'chat'
        when responses.object in ('response', 'response.compaction') then 'responses'
        when responses.object = 'thread.run' then 'threads'
        when responses.object = 'text_completion' then 'completions'
        when responses.object = 'list' then 'embeddings'
        when responses.object = 'realtime.response' then 'realtime'
        when
            responses.object in (
                'messages', 'generate_content', 'interactions', 'claude_code', 'converse', 'chat', 'generate',
                'embeddings', 'rerank', 'transcriptions', 'speech', 'images', 'ocr'
            )
            then responses.object
        else ''
    end as endpoint,
    coalesce(responses.model, '') as model,
    case
        when responses.error_code is not null or responses.status_code >= 400 then 'failed'
        else coalesce(words.status, case when responses.status is null then 'completed' end)
    end as status,
    coalesce(responses.status, cast(responses.status_code as text)) as source_status,
    case
        when responses.error_code is not null or responses.status_code >= 400
            then coalesce(responses.error_code, 'HTTP ' || responses.status_code)
    end as error_message,
    responses.created_at as called_at,
    case
        when responses.latency_ms is not null then responses.latency_ms
        when responses.created_at <= responses.completed_at
            then cast(
                round((julianday(responses.completed_at) - julianday(responses.created_at)) * 86400000) as integer
            )
    end as duration_ms,
    responses.input_tokens,
    responses.output_tokens,
    responses.cached_tokens as cache_read_tokens,
    responses.cache_write_tokens,
    responses.total_tokens,
    case
        when responses.is_batch = 1 and coalesce(responses.service_tier, '') not like 'batch%' then 'batch'
        else coalesce(responses.service_tier, '')
    end as tier,
    responses.reasoning_tokens,
    nullif(responses.citation_tokens, 0) as citation_tokens,
    responses.input_audio_tokens,
    responses.output_audio_tokens,
    responses.input_image_tokens,
    responses.output_image_tokens,
    responses.cache_audio_read_tokens,
    responses.cache_image_read_tokens,
    responses.input_video_tokens,
    responses.audio_seconds,
    responses.document_pages,
    responses.cache_write_1h_tokens,
    nullif(responses.web_searches, 0) as web_searches,
    nullif(responses.file_searches, 0) as file_searches,
    case when responses.cost <> 0 or responses.tokens = 0 then responses.cost end as cost,
    'USD' as currency
from responses
left join src_statuses as words on words.word = lower(trim(responses.status))
where responses.place = 1;
