-- OpenTelemetry GenAI spans → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words. A span that was exported twice (after
-- a retry, say) counts once, as it was last.

-- export: with exported
select
    src_otel_spans.*,
    row_number() over (
        partition by trace_id, span_id
        order by position desc
    ) as place_from_end
from src_otel_spans;

-- export: runs
-- A trace ends as the span that ends last does: that is the outermost one.
with spans as (
    select
        exported.*,
        min(started_at) over (partition by trace_id) as first_at,
        row_number() over (
            partition by trace_id
            order by ended_at desc, started_at, position desc
        ) as place_in_trace
    from exported
    where place_from_end = 1
)

select
    spans.trace_id as source_key,
    'trace' as kind,
    words.status,
    spans.status as source_status,
    spans.error_message,
    spans.first_at as started_at,
    spans.ended_at,
    coalesce(spans.ended_at, spans.first_at) as last_activity_at,
    case
        when spans.first_at <= spans.ended_at
            then cast(round((julianday(spans.ended_at) - julianday(spans.first_at)) * 86400000) as integer)
    end as duration_ms
from spans
left join src_statuses as words on words.word = lower(trim(spans.status))
where spans.place_in_trace = 1;

-- export: steps
select distinct
    coalesce(operation, 'call') || coalesce(' ' || target, '') as name,
    coalesce(operation, 'call') || coalesce(' ' || target, '') as family
from src_otel_spans;

-- export: step_runs
select
    key(spans.trace_id, spans.span_id) as source_key,
    spans.trace_id as run_key,
    coalesce(spans.operation, 'call') || coalesce(' ' || spans.target, '') as step_name,
    words.status,
    coalesce(spans.error_type, spans.status) as source_status,
    spans.error_message,
    spans.started_at,
    spans.ended_at,
    coalesce(spans.ended_at, spans.started_at) as last_activity_at,
    spans.duration_ms
from exported as spans
left join src_statuses as words on words.word = lower(trim(spans.status))
where spans.place_from_end = 1;

-- export: calls
-- An agent's span says the tokens of the calls below it over again: it counts only where its trace has no such call.
-- The conventions count cached tokens among the input tokens.
with spans as (
    select
        exported.*,
        max(is_call) over (partition by trace_id) as trace_has_calls
    from exported
    where place_from_end = 1
)

select
    key(spans.trace_id, spans.span_id) as source_key,
    spans.trace_id as run_key,
    coalesce(spans.operation, 'call') || coalesce(' ' || spans.target, '') as step_name,
    coalesce(spans.provider, '') as provider,
    coalesce(spans.operation, '') as endpoint,
    coalesce(spans.model, '') as model,
    words.status,
    coalesce(spans.error_type, spans.status) as source_status,
    spans.error_message,
    spans.started_at as called_at,
    spans.duration_ms,
    spans.input_tokens,
    spans.output_tokens,
    spans.cache_read_tokens,
    spans.cache_write_tokens,
    spans.cost_usd as cost,
    case when spans.cost_usd is null then '' else 'USD' end as currency
from spans
left join src_statuses as words on words.word = lower(trim(spans.status))
where
    spans.is_call = 1
    or (spans.is_sum = 1 and spans.trace_has_calls = 0);
