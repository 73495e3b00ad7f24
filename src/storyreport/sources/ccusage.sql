-- ccusage's daily report → core tables.
-- A view src_<table> has the rows to load.

-- days: calls
-- How many calls a day had is not known: a row has none of its own, as a bill has. Tokens leave each other out.
with days as (
    select
        src_ccusage_days.*,
        coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as whole_input,
        row_number() over (
            partition by date, agent, project, model
            order by
                coalesce(input_tokens, 0)
                + coalesce(cache_read_tokens, 0)
                + coalesce(cache_write_tokens, 0)
                + coalesce(output_tokens, 0) desc,
                position desc
        ) as place
    from src_ccusage_days
)

select
    key(date, agent, model) || coalesce('/' || project, '') as source_key,
    case when model like 'claude%' then 'anthropic' when model like 'gpt-%' then 'openai' else '' end as provider,
    coalesce(agent, '') as endpoint,
    coalesce(model, '') as model,
    date as called_at,
    case when cost > 0 then 0 else 1 end as calls,
    -- Nor how long its prompts were: short ones.
    1 as context_tokens,
    whole_input as input_tokens,
    output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    case when cost > 0 or whole_input + coalesce(output_tokens, 0) = 0 then cost end as cost,
    'USD' as currency
from days
where place = 1;
