-- Amazon Bedrock's invocation logs → core tables.
-- A view src_<table> has the rows to load.

-- logs: calls
-- A request that was logged twice counts once, with the most tokens. Cached tokens are beside the input.
with invocations as (
    select
        src_bedrock_invocations.*,
        coalesce(input_tokens, cache_read_tokens, cache_write_tokens) is not null as has_input,
        coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as whole_input,
        row_number() over (
            partition by request_id
            order by
                coalesce(input_tokens, 0)
                + coalesce(cache_read_tokens, 0)
                + coalesce(cache_write_tokens, 0)
                + coalesce(output_tokens, 0) desc,
                position desc
        ) as place
    from src_bedrock_invocations
)

select
    request_id as source_key,
    'aws' as provider,
    coalesce(operation, '') as endpoint,
    coalesce(model, '') as model,
    case when error_code is null then 'completed' else 'failed' end as status,
    error_code as source_status,
    error_code as error_message,
    timestamp as called_at,
    latency_ms as duration_ms,
    case when has_input then whole_input end as input_tokens,
    output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    cache_write_1h_tokens,
    coalesce(tier, '') as tier
from invocations
where place = 1;
