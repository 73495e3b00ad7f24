-- Helicone's requests → core tables.
-- A view src_<table> has the rows to load.

-- requests: calls
-- A request counts once, with the most tokens. Whether the input includes cached tokens depends on the provider; the
-- total shows it. A cost of 0 beside tokens is not known, unless Helicone's cache answered.
with requests as (
    select
        src_helicone_requests.*,
        lower(coalesce(provider, '')) as vendor,
        coalesce(prompt_tokens, 0) as prompt,
        coalesce(completion_tokens, 0) as completion,
        coalesce(prompt_cache_read_tokens, 0) + coalesce(prompt_cache_write_tokens, 0) as cached,
        row_number() over (
            partition by request_id
            order by coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0) desc, cost desc, position desc
        ) as place
    from src_helicone_requests
),

read as (
    select
        requests.*,
        case
            when total_tokens = prompt + completion + cached then 1
            when total_tokens = prompt + completion and prompt >= cached then 0
            else vendor = 'anthropic' or prompt < cached
        end as is_beside
    from requests
)

select
    request_id as source_key,
    vendor as provider,
    coalesce(endpoint, '') as endpoint,
    coalesce(model, '') as model,
    case
        when status_code = -2 or coalesce(status_code, 0) = 0 and answered_at is null then 'running'
        when status_code = -3 then 'cancelled'
        when status_code >= 400 or status_code < 0 then 'failed'
        else 'completed'
    end as status,
    cast(cast(status_code as integer) as text) as source_status,
    case when status_code >= 400 then 'HTTP ' || cast(status_code as integer) end as error_message,
    created_at as called_at,
    coalesce(
        latency_ms,
        case
            when created_at <= answered_at
                then cast(round((julianday(answered_at) - julianday(created_at)) * 86400000) as integer)
        end
    ) as duration_ms,
    case when prompt_tokens is not null then prompt + case when is_beside then cached else 0 end end as input_tokens,
    completion_tokens as output_tokens,
    prompt_cache_read_tokens as cache_read_tokens,
    prompt_cache_write_tokens as cache_write_tokens,
    case when reasoning_tokens <= completion_tokens then reasoning_tokens end as reasoning_tokens,
    nullif(prompt_audio_tokens, 0) as input_audio_tokens,
    nullif(completion_audio_tokens, 0) as output_audio_tokens,
    case when cost <> 0 or is_cached = 1 or (prompt + completion = 0 and status_code >= 400) then cost end as cost,
    'USD' as currency,
    nullif(json_patch('{}', json_object('user', "user", 'key', "key")), '{}') as labels
from read
where place = 1;
