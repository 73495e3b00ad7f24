-- A model gateway's spend log: :calls calls over the time from :started to :ended; what was spent is always recorded.
create table "LiteLLM_SpendLogs" (
    request_id text primary key,
    call_type text,
    spend real,
    total_tokens integer,
    prompt_tokens integer,
    completion_tokens integer,
    "startTime" text,
    "endTime" text,
    request_duration_ms integer,
    model text,
    model_group text,
    custom_llm_provider text,
    cache_hit text,
    status text
);
insert into "LiteLLM_SpendLogs"
with recursive numbers (number) as (
    select 0
    union all
    select number + 1
    from numbers
    where number < :calls - 1
),

models (model, name, provider, usd_each_token, ms_each_token) as (
    values
        (0, 'gpt-4o-mini', 'openai', 0.0000006, 8),
        (1, 'gpt-4o', 'openai', 0.00001, 15),
        (2, 'claude-3-5-sonnet', 'anthropic', 0.000015, 14),
        (3, 'claude-3-5-haiku', 'anthropic', 0.000004, 7),
        (4, 'talewright-13b-private', 'hosted_vllm', 0.0000001, 20)
),

placed as (
    select
        number,
        (number * 2654435761 & 4294967295) / 4096 as stirred,
        cast(:started + number * (:ended - :started - 3600.0) / :calls as integer) as started
    from numbers
),

asked as (
    select
        *,
        200 + stirred % 4000 as prompt_tokens,
        50 + stirred % 900 as completion_tokens,
        stirred % 40 > 0 as is_answered
    from placed
)

select
    'call-' || asked.number,
    'acompletion',
    case when asked.is_answered then models.usd_each_token * (asked.prompt_tokens / 4 + asked.completion_tokens) else 0 end,
    case when asked.is_answered then asked.prompt_tokens + asked.completion_tokens else 0 end,
    case when asked.is_answered then asked.prompt_tokens else 0 end,
    case when asked.is_answered then asked.completion_tokens else 0 end,
    strftime('%Y-%m-%dT%H:%M:%f', asked.started, 'unixepoch') || 'Z',
    strftime('%Y-%m-%dT%H:%M:%f', asked.started + models.ms_each_token * asked.completion_tokens / 1000.0, 'unixepoch')
    || 'Z',
    models.ms_each_token * asked.completion_tokens,
    models.name,
    models.name,
    models.provider,
    'False',
    case when asked.is_answered then 'success' else 'failure' end
from asked
cross join models on models.model = asked.stirred % 5;
