-- OpenRouter's activity → core tables.
-- A view src_<table> has the rows to load. Prompt tokens include cached ones, completion tokens reasoning. A cost of 0
-- beside tokens is not known, except for a model's free variant.

-- generations: calls
with generations as (
    select
        src_openrouter_generations.*,
        coalesce(cost_total + byok_usage_inference, cost_total, byok_usage_inference) as spent,
        coalesce(tokens_prompt, 0) + coalesce(tokens_completion, 0) as tokens,
        variant = 'free' or model_permaslug like '%:free' as is_free,
        row_number() over (
            partition by generation_id
            order by coalesce(tokens_prompt, 0) + coalesce(tokens_completion, 0) desc, cost_total desc, position desc
        ) as place
    from src_openrouter_generations
)

select
    generation_id as source_key,
    'openrouter' as provider,
    coalesce(provider_name, '') as endpoint,
    coalesce(model_permaslug, '') as model,
    case
        when cancelled = 1 then 'cancelled'
        when finish_reason_normalized = 'error' then 'failed'
        else 'completed'
    end as status,
    finish_reason_normalized as source_status,
    created_at as called_at,
    generation_time_ms as duration_ms,
    tokens_prompt as input_tokens,
    tokens_completion as output_tokens,
    tokens_cached as cache_read_tokens,
    case when tokens_reasoning <= tokens_completion then nullif(tokens_reasoning, 0) end as reasoning_tokens,
    case when spent <> 0 or tokens = 0 or is_free then spent end as cost,
    'USD' as currency,
    nullif(
        json_patch(
            '{}',
            json_object('project', nullif(app_name, ''), 'user', "user", 'key', api_key_name)
        ),
        '{}'
    ) as labels
from generations
where place = 1;

-- days: calls
with days as (
    select
        date,
        coalesce(model_permaslug, model) as model,
        provider_name,
        sum(requests) as requests,
        sum(prompt_tokens) as prompt_tokens,
        sum(completion_tokens) as completion_tokens,
        sum(reasoning_tokens) as reasoning_tokens,
        sum(coalesce(usage, 0) + coalesce(byok_usage_inference, 0)) as spent
    from (
        select
            src_openrouter_days.*,
            row_number() over (
                partition by date, coalesce(model_permaslug, model), provider_name, endpoint_id
                order by requests desc, position desc
            ) as place
        from src_openrouter_days
    ) as rows
    where place = 1
    group by date, coalesce(model_permaslug, model), provider_name
)

select
    key('day', date, model, provider_name) as source_key,
    'openrouter' as provider,
    coalesce(provider_name, '') as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    date as called_at,
    -- Of an unknown number of requests it is one call, of tokens that say nothing of the size of a call.
    coalesce(requests, 1) as calls,
    case when requests is null then 1 end as context_tokens,
    prompt_tokens as input_tokens,
    completion_tokens as output_tokens,
    case when reasoning_tokens <= completion_tokens then nullif(reasoning_tokens, 0) end as reasoning_tokens,
    case when spent <> 0 or model like '%:free' then spent end as cost,
    'USD' as currency
from days
where substr(date, 1, 10) not in (
    select calls.day
    from main.calls
    join main.inputs on inputs.id = calls.input_id
    where
        calls.source_id = :source_id
        and inputs.part = 'generations'
        and calls.gone_at is null
);
