-- Cursor's usage events → core tables.
-- A view src_<table> has the rows to load.

-- events: calls
-- The total says how to read "Input (w/ Cache Write)": as the tokens written to the cache, beside the other input (that
-- is what the dashboard writes), or as all input that was not read from the cache. Events that were not charged cost 0.
-- An event without a cost is part of a plan and unpriced: Cursor's prices are its own.
with events as (
    select
        src_cursor_events.*,
        coalesce(with_cache_write, 0) as with_write,
        coalesce(without_cache_write, 0) as without_write,
        coalesce(cache_read, 0) as from_cache,
        coalesce(output_tokens, 0) as output,
        lower(coalesce(kind, '')) as word,
        key(date, model, kind, with_cache_write, without_cache_write, cache_read, output_tokens) as event_key
    from src_cursor_events
),

read as (
    select
        events.*,
        with_write >= without_write
        and total_tokens = with_write + from_cache + output
        and without_write > 0 as is_with_all,
        with_write + without_write + from_cache + output as tokens,
        case when word like '%not charged%' or word like '%no charge%' then 0 else cost end as charged,
        word like '%not charged%' or word like '%no charge%' as is_not_charged,
        row_number() over (partition by event_key order by position) as place
    from events
)

select
    event_key || case when place > 1 then '/' || place else '' end as source_key,
    'cursor' as provider,
    'chat' as endpoint,
    coalesce(model, '') as model,
    case when word like 'errored%' then 'failed' when word like 'aborted%' then 'cancelled' else 'completed' end
        as status,
    kind as source_status,
    date as called_at,
    case when is_with_all then with_write else with_write + without_write end + from_cache as input_tokens,
    output_tokens,
    cache_read as cache_read_tokens,
    case when is_with_all then with_write - without_write else with_cache_write end as cache_write_tokens,
    total_tokens,
    case when charged <> 0 or is_not_charged or tokens = 0 or word = 'free' then charged end as cost,
    'USD' as currency
from read;
