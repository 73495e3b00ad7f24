-- LiteLLM's other exports → core tables.
-- A view src_<table> has the rows to load; src_statuses translates words. Prompt tokens include cached ones.

-- payloads: calls
-- A payload may be written more than once: the largest one counts. A price that was not found is written down as 0.
-- Some servers count their answers (chatcmpl-213), or have one id for all.
with named as (
    select
        src_litellm_payloads.*,
        case when id glob 'chatcmpl-*' and length(id) < 24 then key(id, started_at) else id end as call_id
    from src_litellm_payloads
),

payloads as (
    select
        named.*,
        coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as cached,
        max(coalesce(total_tokens, 0), coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)) as tokens,
        row_number() over (
            partition by call_id
            order by
                max(coalesce(total_tokens, 0), coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)) desc,
                cost desc,
                position desc
        ) as place
    from named
)

select
    payloads.call_id as source_key,
    coalesce(payloads.custom_llm_provider, '') as provider,
    coalesce(payloads.call_type, '') as endpoint,
    case
        -- LiteLLM's prefix: with it, the name is that of another of Perplexity's models.
        when payloads.custom_llm_provider = 'perplexity' and payloads.model glob 'perplexity/*'
            then substr(payloads.model, 12)
        else coalesce(nullif(payloads.model, ''), payloads.model_group, '')
    end as model,
    words.status,
    payloads.status as source_status,
    case
        when words.status = 'failed'
            then coalesce(nullif(payloads.error_class, ''), 'error') || coalesce(' (' || payloads.error_code || ')', '')
    end as error_message,
    payloads.started_at as called_at,
    case
        when payloads.started_at <= payloads.ended_at
            then cast(round((julianday(payloads.ended_at) - julianday(payloads.started_at)) * 86400000) as integer)
    end as duration_ms,
    -- Pass-through endpoints write Anthropic's count, which leaves out what the cache has.
    case
        when
            payloads.prompt_tokens < payloads.cached
            or (
                payloads.cached > 0
                and payloads.total_tokens
                = payloads.prompt_tokens + payloads.cached + coalesce(payloads.completion_tokens, 0)
            )
            then payloads.prompt_tokens + payloads.cached
        else payloads.prompt_tokens
    end as input_tokens,
    payloads.completion_tokens as output_tokens,
    payloads.cache_read_tokens,
    payloads.cache_write_tokens,
    nullif(payloads.cache_write_1h_tokens, 0) as cache_write_1h_tokens,
    payloads.reasoning_tokens,
    nullif(payloads.input_audio_tokens, 0) as input_audio_tokens,
    nullif(payloads.output_audio_tokens, 0) as output_audio_tokens,
    nullif(payloads.web_searches, 0) as web_searches,
    coalesce(payloads.tier, '') as tier,
    payloads.total_tokens,
    case
        when payloads.cost = 0 and words.status is not 'failed' and payloads.cache_hit is not 1 then null
        else payloads.cost
    end as cost,
    'USD' as currency,
    nullif(
        json_patch(
            '{}',
            json_object(
                'team', nullif(payloads.team, ''),
                'tag', json(payloads.tags),
                'user', payloads."user",
                'key', payloads."key"
            )
        ),
        '{}'
    ) as labels
from payloads
left join src_statuses as words on words.word = lower(trim(payloads.status))
where payloads.place = 1;

-- days: calls
-- Of an unknown number of requests it is one call, of tokens that say nothing of the size of a call.
-- Failed requests have a count of their own; tokens and spending are those of all requests of the day.
with days as (
    select
        src_litellm_days.*,
        row_number() over (
            partition by date, grouping, model, model_group, custom_llm_provider, endpoint
            order by api_requests desc, position desc
        ) as place
    from src_litellm_days
),

summed as (
    select
        date,
        coalesce(nullif(model, ''), model_group, '') as model,
        coalesce(custom_llm_provider, '') as provider,
        coalesce(endpoint, '') as endpoint,
        sum(api_requests) as api_requests,
        sum(successful_requests) as successful_requests,
        sum(prompt_tokens) as prompt_tokens,
        sum(completion_tokens) as completion_tokens,
        sum(cache_read_input_tokens) as cache_read_tokens,
        sum(cache_creation_input_tokens) as cache_write_tokens,
        sum(spend) as spend
    from days
    where place = 1
    group by 1, 2, 3, 4
)

select
    key('day', date, provider, model, endpoint) as source_key,
    provider,
    endpoint,
    model,
    case when successful_requests = 0 and api_requests > 0 then 'failed' else 'completed' end as status,
    date as called_at,
    coalesce(api_requests, 1) as calls,
    case when api_requests is null then 1 end as context_tokens,
    prompt_tokens as input_tokens,
    completion_tokens as output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    'any hour' as tier,
    case when spend <> 0 or successful_requests = 0 then spend end as cost,
    'USD' as currency
from summed;

-- activity: calls
-- A day of a model, whoever's it was.
with days as (
    select
        src_litellm_activity.*,
        row_number() over (partition by date, model order by api_requests desc, position desc) as place
    from src_litellm_activity
)

select
    key('activity', date, model) as source_key,
    'litellm' as provider,
    coalesce(model, '') as model,
    case when successful_requests = 0 and api_requests > 0 then 'failed' else 'completed' end as status,
    date as called_at,
    coalesce(api_requests, 1) as calls,
    case when api_requests is null then 1 end as context_tokens,
    prompt_tokens as input_tokens,
    completion_tokens as output_tokens,
    cache_read_input_tokens as cache_read_tokens,
    cache_creation_input_tokens as cache_write_tokens,
    case when spend <> 0 or successful_requests = 0 then spend end as cost,
    'USD' as currency
from days
where place = 1;

-- summaries: calls
-- How many calls a day had is not known: a row has none of its own, as a bill has.
with days as (
    select
        date,
        team,
        model,
        sum(spend) as spend,
        sum(total_tokens) as total_tokens
    from src_litellm_summaries
    group by 1, 2, 3
)

select
    key('summary', date, team, model) as source_key,
    'litellm' as provider,
    coalesce(model, '') as model,
    'completed' as status,
    date as called_at,
    case when spend <> 0 then 0 else 1 end as calls,
    total_tokens,
    case when spend <> 0 then spend end as cost,
    'USD' as currency,
    case when team <> '' then json_object('team', team) end as labels
from days;

-- usage: calls
with days as (
    select
        date,
        model,
        sum(requests) as requests,
        sum(prompt_tokens) as prompt_tokens,
        sum(completion_tokens) as completion_tokens,
        sum(cache_read_tokens) as cache_read_tokens,
        sum(cache_creation_tokens) as cache_write_tokens,
        sum(total_tokens) as total_tokens,
        sum(spend) as spend
    from (
        select
            src_litellm_usage.*,
            row_number() over (partition by date, grouping, model order by requests desc, position desc) as place
        from src_litellm_usage
    ) as rows
    where place = 1
    group by date, model
)

select
    key('usage', date, model) as source_key,
    'litellm' as provider,
    coalesce(model, '') as model,
    'completed' as status,
    date as called_at,
    coalesce(requests, 1) as calls,
    case when requests is null then 1 end as context_tokens,
    prompt_tokens as input_tokens,
    completion_tokens as output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    total_tokens,
    case when spend <> 0 or coalesce(total_tokens, 0) = 0 then spend end as cost,
    'USD' as currency
from days;
