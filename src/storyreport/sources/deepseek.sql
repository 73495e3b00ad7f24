-- DeepSeek's usage export → core tables.
-- A view src_<table> has the rows to load.

-- costs: calls
-- A charge: an amount without calls of its own.
with charges as (
    select
        src_deepseek_costs.*,
        upper(trim(currency)) as code,
        row_number() over (
            partition by started_at, grouping, model, wallet_type, currency
            order by position desc
        ) as place
    from src_deepseek_costs
)

select
    key('cost', started_at, model, wallet_type, code) || coalesce('/by ' || account, '') as source_key,
    'deepseek' as provider,
    coalesce(wallet_type, 'costs') as endpoint,
    coalesce(model, '') as model,
    started_at as called_at,
    0 as calls,
    case when code <> 'XXX' then sum(cost) end as cost,
    case when code <> 'XXX' then code else '' end as currency
from charges
where place = 1
group by started_at, model, wallet_type, code, account;

-- amounts: calls
-- Input is the sum of cache hits and misses. Without a count of requests, a row counts as one call.
with amounts as (
    select
        src_deepseek_amounts.*,
        row_number() over (
            partition by started_at, grouping, model, kind, price
            order by amount desc, position desc
        ) as place
    from src_deepseek_amounts
)

select
    key('usage', started_at, model) || coalesce('/by ' || account, '') as source_key,
    'deepseek' as provider,
    'chat' as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    started_at as called_at,
    coalesce(sum(amount) filter (where kind = 'request_count'), 1) as calls,
    sum(amount) filter (where kind in ('input_cache_hit_tokens', 'input_cache_miss_tokens', 'input_tokens'))
        as input_tokens,
    sum(amount) filter (where kind = 'output_tokens') as output_tokens,
    sum(amount) filter (where kind = 'input_cache_hit_tokens') as cache_read_tokens,
    case when max(is_day) = 1 then 'any hour' else '' end as tier
from amounts
where place = 1
group by started_at, model, account;
