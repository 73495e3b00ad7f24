-- Anthropic's usage and cost reports → core tables.
-- A view src_<table> has the rows to load. A result that stands in two pages counts once, as it was last; what is
-- known by workspace, API key or account is kept apart.

-- costs: with counted
-- The buckets that count: none within a longer one, nor one of whose sums another page says more.
with sums as (
    select
        bucket,
        currency,
        starting_at,
        ends_at,
        max(detail) as detail,
        round(sum(amount), 4) as amount
    from src_anthropic_costs
    group by bucket, currency
),

compared as (
    select
        sums.*,
        -- A bucket of years is a mistake, which nothing lies in.
        max(case when julianday(ends_at) - julianday(starting_at) <= 366 then ends_at end) over (
            partition by currency
            order by starting_at, ends_at desc
            groups between unbounded preceding and 1 preceding
        ) as longest,
        max(detail) over (
            partition by
                currency,
                starting_at,
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
        src_anthropic_costs.*,
        rank() over (
            partition by starting_at, grouping
            order by bucket desc
        ) as place_from_end
    from src_anthropic_costs
    where (bucket, currency) in (select
        bucket,
        currency
    from counted)
)

select
    key('cost', starting_at, description, model, currency) || coalesce('/by ' || owner, '') as source_key,
    'anthropic' as provider,
    coalesce(description, 'costs') as endpoint,
    coalesce(model, '') as model,
    starting_at as called_at,
    0 as calls,
    case when currency <> 'XXX' then sum(amount) end as cost,
    case when currency <> 'XXX' then currency else '' end as currency,
    nullif(
        json_patch('{}', json_object('project', max(project), 'user', max("user"), 'key', max("key"))),
        '{}'
    ) as labels
from results
where place_from_end = 1
group by starting_at, description, model, results.currency, owner;

-- usage: with counted
-- The buckets that count: none within a longer one, nor one of whose sums another page says more.
with sums as (
    select
        bucket,
        starting_at,
        ends_at,
        max(detail) as detail,
        sum(uncached_input_tokens) as input_tokens,
        sum(cache_read_input_tokens) as cached_tokens,
        sum(output_tokens) as output_tokens
    from src_anthropic_usage
    group by bucket
),

compared as (
    select
        sums.*,
        -- A bucket of years is a mistake, which nothing lies in.
        max(case when julianday(ends_at) - julianday(starting_at) <= 366 then ends_at end) over (
            order by starting_at, ends_at desc
            groups between unbounded preceding and 1 preceding
        ) as longest,
        max(detail) over (
            partition by
                starting_at,
                ends_at,
                input_tokens,
                cached_tokens,
                output_tokens
        ) as most_detail
    from sums
)

select bucket
from compared
where
    (longest is null or longest < ends_at)
    and detail = most_detail;

-- usage: calls
-- The report does not say how many requests there were: what it adds up counts as one call. Of web searches it does.
-- Input tokens are the uncached ones and those read from and written to the cache. Those of a day say nothing of the
-- size of a call: the context window does, and without one a call was small.
with results as (
    select
        src_anthropic_usage.*,
        context_window in ('200k-1M', '> 200k') as is_long,
        trim(
            coalesce(lower(service_tier), '')
            || case when lower(speed) = 'fast' then ' fast' else '' end
            || case when lower(inference_geo) = 'us' then ' us' else '' end
        ) as tier,
        coalesce(uncached_input_tokens, cache_read_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens)
        is not null as has_input,
        coalesce(cache_write_5m_tokens, cache_write_1h_tokens) is not null as has_write,
        coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0) as cache_write_tokens,
        rank() over (
            partition by starting_at, grouping
            order by bucket desc
        ) as place_from_end
    from src_anthropic_usage
    where bucket in (select bucket from counted)
)

select
    key('usage', starting_at, model, service_tier)
    || case when is_long then '/200k-1M' else '' end
    || case when tier <> coalesce(lower(service_tier), '') then '/' || tier else '' end
    || coalesce('/by ' || owner, '') as source_key,
    'anthropic' as provider,
    'messages' as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    starting_at as called_at,
    1 as calls,
    sum(
        case
            when has_input
                then coalesce(uncached_input_tokens, 0) + coalesce(cache_read_input_tokens, 0) + cache_write_tokens
        end
    ) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(cache_read_input_tokens) as cache_read_tokens,
    sum(case when has_write then cache_write_tokens end) as cache_write_tokens,
    sum(cache_write_1h_tokens) as cache_write_1h_tokens,
    case when tier like 'standard%' then trim(substr(tier, 9)) else tier end as tier,
    case when is_long then 200001 else 1 end as context_tokens,
    null as web_searches,
    nullif(
        json_patch('{}', json_object('project', max(project), 'user', max("user"), 'key', max("key"))),
        '{}'
    ) as labels
from results
where place_from_end = 1
group by starting_at, model, service_tier, is_long, tier, owner
union all
select
    key('web search', starting_at, model, service_tier) || coalesce('/by ' || owner, ''),
    'anthropic',
    'web_search',
    coalesce(model, ''),
    'completed',
    starting_at,
    sum(web_search_requests),
    null,
    null,
    null,
    null,
    null,
    '',
    null,
    sum(web_search_requests),
    nullif(
        json_patch('{}', json_object('project', max(project), 'user', max("user"), 'key', max("key"))),
        '{}'
    )
from results
where
    place_from_end = 1
    and web_search_requests > 0
group by starting_at, model, service_tier, owner;

-- costs: with keyed
-- The keys of results by who they were for, as if that was not known, and whether their buckets count.
select
    owner,
    (bucket, currency) in (select
        bucket,
        currency
    from counted) as is_counted,
    key('cost', starting_at, description, model, currency) as unowned_key
from src_anthropic_costs;

-- costs: delete calls
select id from replaced_buckets;

-- usage: with keyed
-- The keys of results by who they were for, as if that was not known, and whether their buckets count.
select
    owner,
    bucket in (select bucket from counted) as is_counted,
    key('usage', starting_at, model, service_tier)
    || case when context_window in ('200k-1M', '> 200k') then '/200k-1M' else '' end
    || case when lower(speed) = 'fast' or lower(inference_geo) = 'us' then '/' || trim(
        coalesce(lower(service_tier), '')
        || case when lower(speed) = 'fast' then ' fast' else '' end
        || case when lower(inference_geo) = 'us' then ' us' else '' end
    ) else '' end as unowned_key
from src_anthropic_usage
union all
select
    owner,
    bucket in (select bucket from counted),
    key('web search', starting_at, model, service_tier)
from src_anthropic_usage
where web_search_requests > 0;

-- usage: delete calls
select id from replaced_buckets;
