-- OpenAI's organization usage and costs → core tables.
-- A view src_<table> has the rows to load. A result that stands in two pages counts once, as it was last; what is
-- known by project, user or API key is kept apart.

-- costs: calls
-- What a day was billed: an amount without calls of its own. A credit is negative.
with results as (
    select
        src_openai_costs.*,
        upper(trim(currency)) as code,
        row_number() over (
            partition by start_time, grouping, currency
            order by position desc
        ) as place_from_end
    from src_openai_costs
)

select
    key('cost', start_time, line_item, code) || coalesce('/by ' || owner, '') as source_key,
    'openai' as provider,
    coalesce(line_item, 'costs') as endpoint,
    start_time as called_at,
    0 as calls,
    sum(amount) as cost,
    code as currency,
    nullif(
        json_patch('{}', json_object('project', max(project), 'user', max("user"), 'key', max("key"))),
        '{}'
    ) as labels
from results
where place_from_end = 1
group by start_time, line_item, code, owner;

-- usage: calls
-- Input tokens include cached ones. Requests that are counted were served.
with results as (
    select
        src_openai_usage.*,
        row_number() over (
            partition by start_time, grouping
            order by position desc
        ) as place_from_end
    from src_openai_usage
)

select
    key('usage', start_time, kind, model, batch, service_tier) || coalesce('/by ' || owner, '') as source_key,
    'openai' as provider,
    coalesce(kind, '') as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    start_time as called_at,
    sum(requests) as calls,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(input_cached_tokens) as cache_read_tokens,
    case when batch = 1 then 'batch' else coalesce(service_tier, '') end as tier,
    sum(input_audio_tokens) as input_audio_tokens,
    sum(output_audio_tokens) as output_audio_tokens,
    sum(input_image_tokens) as input_image_tokens,
    sum(output_image_tokens) as output_image_tokens,
    sum(characters) as input_characters,
    sum(seconds) as audio_seconds,
    nullif(
        json_patch('{}', json_object('project', max(project), 'user', max("user"), 'key', max("key"))),
        '{}'
    ) as labels
from results
where
    place_from_end = 1
    and requests is not null
group by start_time, kind, model, batch, service_tier, owner;

-- costs: delete calls
-- What was added up for all projects, users and keys before it was known by them.
select calls.id
from main.calls
where
    calls.source_id = :source_id
    and calls.input_id = :input_id
    and calls.source_key in (
        select key('cost', start_time, line_item, upper(trim(currency)))
        from src_openai_costs
        where owner is not null
    )
    and calls.source_key not in (
        select coalesce(key('cost', start_time, line_item, upper(trim(currency))), '')
        from src_openai_costs
        where owner is null
    );

-- usage: delete calls
-- What was added up for all projects, users and keys before it was known by them.
select calls.id
from main.calls
where
    calls.source_id = :source_id
    and calls.input_id = :input_id
    and calls.source_key in (
        select key('usage', start_time, kind, model, batch, service_tier)
        from src_openai_usage
        where owner is not null
    )
    and calls.source_key not in (
        select coalesce(key('usage', start_time, kind, model, batch, service_tier), '')
        from src_openai_usage
        where owner is null
    );
