-- Anthropic's Claude Code report → core tables.
-- A view src_<table> has the rows to load.

-- days: calls
-- The report does not say how many calls there were: what it adds up counts as one. Tokens leave each other out. Of a
-- day that was exported twice, before its end and after, the one with more tokens counts.
with days as (
    select
        src_claude_code_days.*,
        key(date, coalesce("user", "key"), organization, customer_type, terminal, model) as source_key,
        coalesce(input_tokens, cache_read_tokens, cache_write_tokens) is not null as has_input,
        coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as whole_input
    from src_claude_code_days
),

ranked as (
    select
        days.*,
        row_number() over (
            partition by source_key
            order by whole_input + coalesce(output_tokens, 0) desc, position desc
        ) as place
    from days
)

select
    source_key,
    'anthropic' as provider,
    'claude_code' as endpoint,
    coalesce(model, '') as model,
    date as called_at,
    1 as calls,
    case when has_input then whole_input end as input_tokens,
    output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    -- A day of many calls says nothing of the size of one.
    1 as context_tokens,
    case
        when coalesce(currency, 'USD') <> 'XXX' and (cost > 0 or whole_input + output_tokens = 0)
            then cost
    end as cost,
    case when currency <> 'XXX' then currency else 'USD' end as currency,
    nullif(json_patch('{}', json_object('user', "user", 'key', "key")), '{}') as labels
from ranked
where place = 1;
