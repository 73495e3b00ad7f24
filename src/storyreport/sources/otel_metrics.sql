-- Metrics of usage → core tables.
-- A view src_<table> has the rows to load.

-- points: calls
-- A day of a model. A point that was exported twice counts once; of a cumulative counter each point counts what it has
-- more than the one before, on its day. Claude Code counts cached tokens beside the input, and no requests: a day with
-- a cost has none of its own, as a bill has. A histogram counts requests with the input; Codex's counts turns, and its
-- input includes the cached tokens.
with points as (
    select
        src_otel_metric_points.*,
        row_number() over (
            partition by series, started_at, counted_at
            order by position desc
        ) as place
    from src_otel_metric_points
),

counted as (
    select
        points.*,
        substr(counted_at, 1, 10) as day,
        case when is_cumulative = 1 then lag(amount) over counter end as amount_before,
        case when is_cumulative = 1 then lag(requests) over counter end as requests_before
    from points
    where place = 1
    window counter as (
        partition by series, started_at, is_cumulative
        order by counted_at
    )
),

-- A counter that has less than before has begun again.
increases as (
    select
        counted.*,
        amount - case when amount >= amount_before then amount_before else 0 end as increase,
        requests - case when requests >= requests_before then requests_before else 0 end as more_requests
    from counted
),

days as (
    select
        day,
        writer,
        coalesce(provider, case writer when 'claude_code' then 'anthropic' when 'codex' then 'openai' end, '')
            as provider,
        coalesce(operation, writer) as endpoint,
        coalesce(model, '') as model,
        sum(case when measure = 'cost' then increase end) as cost,
        sum(case when token_type = 'input' then increase end) as input_tokens,
        sum(case when token_type in ('output', 'completion') then increase end) as output_tokens,
        sum(case when token_type in ('cacheRead', 'cached_input') then increase end) as cache_read_tokens,
        sum(case when token_type in ('cacheCreation', 'cache_write_input') then increase end) as cache_write_tokens,
        sum(case when token_type = 'reasoning_output' then increase end) as reasoning_tokens,
        sum(
            case
                when measure <> 'cost' and (writer <> 'codex' or token_type in ('input', 'output')) then increase
            end
        ) as total_tokens,
        sum(case when token_type = 'input' and writer <> 'codex' then more_requests end) as requests
    from increases
    group by 1, 2, 3, 4, 5
)

select
    key(day, provider, endpoint, model) as source_key,
    provider,
    endpoint,
    model,
    day || 'T00:00:00.000Z' as called_at,
    case when cost > 0 then 0 else coalesce(requests, 1) end as calls,
    -- How long the prompts were is not known: short ones.
    1 as context_tokens,
    'any hour' as tier,
    case
        when writer = 'codex' then cast(input_tokens as integer)
        when coalesce(input_tokens, cache_read_tokens, cache_write_tokens) is not null
            then cast(
                coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as integer
            )
    end as input_tokens,
    cast(output_tokens as integer) as output_tokens,
    cast(cache_read_tokens as integer) as cache_read_tokens,
    cast(cache_write_tokens as integer) as cache_write_tokens,
    cast(reasoning_tokens as integer) as reasoning_tokens,
    cast(total_tokens as integer) as total_tokens,
    case when cost > 0 then cost end as cost,
    'USD' as currency
from days;
