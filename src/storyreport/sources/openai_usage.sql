-- OpenAI's organization usage and costs → core tables.
-- A view src_<table> has the rows to load. A result that stands in two pages counts once, as it was last; what is
-- known by project, user or API key is kept apart.

-- costs: with counted
-- The buckets that count: none within a longer one, nor one of whose sums another page says more.
with sums as (
    select
        bucket,
        currency,
        start_time,
        ends_at,
        max(detail) as detail,
        round(sum(amount), 4) as amount
    from src_openai_costs
    group by bucket, currency
),

compared as (
    select
        sums.*,
        -- A bucket of years is a mistake, which nothing lies in.
        max(case when julianday(ends_at) - julianday(start_time) <= 366 then ends_at end) over (
            partition by currency
            order by start_time, ends_at desc
            groups between unbounded preceding and 1 preceding
        ) as longest,
        max(detail) over (
            partition by
                currency,
                start_time,
                ends_at,
                amount
        ) as most_detail
    from sums
)

select
    bucket,
    currency
from compared
where
    (longest is null or longest < ends_at)
    and detail = most_detail;

-- costs: calls
-- What a day was billed: an amount without calls of its own. A credit is negative.
with results as (
    select
        src_openai_costs.*,
        currency as code,
        rank() over (
            partition by start_time, grouping, currency
            order by bucket desc
        ) as place_from_end
    from src_openai_costs
    where (bucket, currency) in (select
        bucket,
        currency
    from counted)
)

select
    key('cost', start_time, line_item, code) || coalesce('/of ' || account, '') || coalesce('/by ' || owner, '')
        as source_key,
    'openai' as provider,
    coalesce(line_item, 'costs') as endpoint,
    start_time as called_at,
    0 as calls,
    case when code <> 'XXX' then sum(amount) end as cost,
    case when code <> 'XXX' then code else '' end as currency,
    nullif(
        json_patch('{}', json_object('project', max(project), 'user', max("user"), 'key', max("key"))),
        '{}'
    ) as labels
from results
where place_from_end = 1
group by start_time, line_item, code, account, owner;

-- usage: with counted
-- The buckets that count: none within a longer one, nor one of whose sums another page says more.
with sums as (
    select
        bucket,
        coalesce(kind, '') as kind,
        start_time,
        ends_at,
        max(detail) as detail,
        sum(requests) as requests,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens
    from src_openai_usage
    group by bucket, coalesce(kind, '')
),

compared as (
    select
        sums.*,
        -- A bucket of years is a mistake, which nothing lies in.
        max(case when julianday(ends_at) - julianday(start_time) <= 366 then ends_at end) over (
            partition by kind
            order by start_time, ends_at desc
            groups between unbounded preceding and 1 preceding
        ) as longest,
        max(detail) over (
            partition by
                kind,
                start_time,
                ends_at,
                requests,
                input_tokens,
                output_tokens
        ) as most_detail
    from sums
)

select
    bucket,
    kind
from compared
where
    (longest is null or longest < ends_at)
    and detail = most_detail;

-- usage: calls
-- Input tokens include cached ones. Requests that are counted were served; of an unknown number it is one call,
-- of tokens that say nothing of the size of a call.
with results as (
    select
        src_openai_usage.*,
        rank() over (
            partition by start_time, grouping
            order by bucket desc
        ) as place_from_end
    from src_openai_usage
    where (bucket, coalesce(kind, '')) in (select
        bucket,
        kind
    from counted)
)

select
    key('usage', start_time, kind, model, batch, service_tier) || coalesce('/by ' || owner, '') as source_key,
    'openai' as provider,
    coalesce(kind, '') as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    start_time as called_at,
    coalesce(sum(requests), 1) as calls,
    case when coalesce(sum(requests), 0) = 0 then 1 end as context_tokens,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(input_cached_tokens) as cache_read_tokens,
    sum(input_cache_write_tokens) as cache_write_tokens,
    case when batch = 1 then 'batch' else coalesce(service_tier, '') end as tier,
    sum(input_audio_tokens) as input_audio_tokens,
    sum(input_cached_audio_tokens) as cache_audio_read_tokens,
    sum(output_audio_tokens) as output_audio_tokens,
    sum(input_image_tokens) as input_image_tokens,
    sum(input_cached_image_tokens) as cache_image_read_tokens,
    sum(output_image_tokens) as output_image_tokens,
    sum(characters) as input_characters,
    sum(seconds) as audio_seconds,
    case when kind = 'web_search_calls' then sum(requests) end as web_searches,
    case when kind = 'file_search_calls' then sum(requests) end as file_searches,
    nullif(
        json_patch('{}', json_object('project', max(project), 'user', max("user"), 'key', max("key"))),
        '{}'
    ) as labels
from results
where place_from_end = 1
group by start_time, kind, model, batch, service_tier, owner;

-- costs: with keyed
-- The keys of results by who they were for, as if that was not known, and whether their buckets count.
select
    owner,
    (bucket, currency) in (select
        bucket,
        currency
    from counted) as is_counted,
    key('cost', start_time, line_item, currency) || coalesce('/of ' || account, '') as unowned_key
from src_openai_costs;

-- costs: delete calls
select id from replaced_buckets;

-- usage: with keyed
-- The keys of results by who they were for, as if that was not known, and whether their buckets count.
select
    owner,
    (bucket, coalesce(kind, '')) in (select
        bucket,
        kind
    from counted) as is_counted,
    key('usage', start_time, kind, model, batch, service_tier) as unowned_key
from src_openai_usage;

-- usage: delete calls
select id from replaced_buckets;
