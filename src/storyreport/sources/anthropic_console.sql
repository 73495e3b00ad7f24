-- The exports of Anthropic's console → core tables.
-- A view src_<table> has the rows to load. Rows that differ only by workspace or API key are added up.

-- costs: calls
-- The bill of a day: an amount without calls of its own. A credit is negative.
with amounts as (
    select
        src_anthropic_console_costs.*,
        coalesce(cost_type, 'costs')
        || coalesce(' ' || token_type, '')
        || case when usage_type in ('standard', 'not_available') then '' else coalesce(' ' || usage_type, '') end
            as item,
        row_number() over (
            partition by
                date, grouping, model, usage_type, context_window, inference_geo, speed, token_type, cost_type
            order by position desc
        ) as place
    from src_anthropic_console_costs
)

select
    key('cost', date, item, model, context_window, inference_geo, speed)
    || coalesce('/by ' || account, '') as source_key,
    'anthropic' as provider,
    item as endpoint,
    coalesce(model, '') as model,
    date as called_at,
    0 as calls,
    sum(cost_usd) as cost,
    'USD' as currency
from amounts
where place = 1
group by date, item, model, context_window, inference_geo, speed, account;

-- usage: calls
-- The export does not say how many requests there were: a row counts as one call. Web searches have a count.
-- Input tokens are the uncached ones and those read from and written to the cache. Those of a day say nothing of the
-- size of a call: the context window does.
with days as (
    select
        src_anthropic_console_usage.*,
        coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0) as cache_write_tokens,
        trim(
            coalesce(nullif(nullif(lower(usage_type), 'standard'), 'not_available'), '')
            || case when lower(speed) = 'fast' then ' fast' else '' end
            || case when lower(inference_geo) = 'us' then ' us' else '' end
        ) as tier,
        row_number() over (
            partition by date, grouping, model, usage_type, context_window, inference_geo, speed
            order by position desc
        ) as place
    from src_anthropic_console_usage
)

select
    key('usage', date, model, usage_type, context_window, inference_geo, speed)
    || coalesce('/by ' || account, '') as source_key,
    'anthropic' as provider,
    'messages' as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    date as called_at,
    1 as calls,
    sum(coalesce(uncached_tokens, 0) + coalesce(cache_read_tokens, 0) + cache_write_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(cache_read_tokens) as cache_read_tokens,
    sum(cache_write_tokens) as cache_write_tokens,
    sum(cache_write_1h_tokens) as cache_write_1h_tokens,
    max(tier) as tier,
    case when context_window glob '*>*200k*' or context_window glob '*200k*1M*' then 200001 else 1 end
        as context_tokens,
    null as web_searches
from days
where place = 1
group by date, model, usage_type, context_window, inference_geo, speed, account
union all
select
    key('web search', date, model, usage_type, context_window, inference_geo, speed) || coalesce('/by ' || account, ''),
    'anthropic',
    'web_search',
    coalesce(model, ''),
    'completed',
    date,
    sum(web_searches),
    null,
    null,
    null,
    null,
    null,
    '',
    null,
    sum(web_searches)
from days
where
    place = 1
    and web_searches > 0
group by date, model, usage_type, context_window, inference_geo, speed, account;
