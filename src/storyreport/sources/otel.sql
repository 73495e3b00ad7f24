-- OpenTelemetry GenAI spans → core tables.
-- src_<table> has the rows to load, src_statuses the words for a status. Of a span exported twice, the last one counts.

-- export: with older
-- Sorted by their keys alone: a span holds much more.
select
    trace_id,
    span_id,
    position
from (
    select
        trace_id,
        span_id,
        position,
        row_number() over (
            partition by trace_id, span_id
            order by position desc
        ) as place_from_end
    from src_otel_spans
) as spans
where place_from_end > 1;

-- export: with exported
select *
from src_otel_spans
where
    (trace_id, span_id, position) not in (
        select
            trace_id,
            span_id,
            position
        from older
    );

-- export: with placed
-- A trace is one of the service of its outermost span, or else of its outermost agent: that ends last.
select
    trace_id,
    service,
    agent,
    row_number() over (
        partition by trace_id
        order by service is null, ended_at desc, started_at, position
    ) as service_place,
    row_number() over (
        partition by trace_id
        order by agent is null, ended_at desc, started_at, position
    ) as agent_place
from src_otel_spans;

-- export: with traces
-- Where this file does not say it, another one of the trace may have.
select
    placed.trace_id,
    coalesce(
        max(case when placed.service_place = 1 then placed.service end),
        max(case when placed.agent_place = 1 then placed.agent end),
        max(pipelines.name)
    ) as pipeline_name
from placed
left join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = cast(placed.trace_id as text)
left join main.pipelines on pipelines.id = runs.pipeline_id
group by placed.trace_id;

-- export: pipelines
select distinct pipeline_name as name
from traces
where pipeline_name is not null;

-- export: runs
-- A trace ends as the span that ends last does: that is the outermost one.
with spans as (
    select
        trace_id,
        status,
        error_message,
        ended_at,
        min(started_at) over (partition by trace_id) as first_at,
        row_number() over (
            partition by trace_id
            order by ended_at desc, started_at, position desc
        ) as place_in_trace
    from exported
)

select
    spans.trace_id as source_key,
    'trace' as kind,
    traces.pipeline_name,
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
left join traces on traces.trace_id = spans.trace_id
left join src_statuses as words on words.word = lower(trim(spans.status))
where spans.place_in_trace = 1;

-- export: steps
select distinct
    traces.pipeline_name,
    coalesce(spans.operation, 'call') || coalesce(' ' || spans.target, '') as name,
    coalesce(spans.operation, 'call') || coalesce(' ' || spans.target, '') as family
from src_otel_spans as spans
left join traces on traces.trace_id = spans.trace_id;

-- export: step_runs
select
    key(spans.trace_id, spans.span_id) as source_key,
    spans.trace_id as run_key,
    pipelines.name as pipeline_name,
    coalesce(spans.operation, 'call') || coalesce(' ' || spans.target, '') as step_name,
    words.status,
    coalesce(spans.error_type, spans.status) as source_status,
    spans.error_message,
    spans.started_at,
    spans.ended_at,
    coalesce(spans.ended_at, spans.started_at) as last_activity_at,
    spans.duration_ms
from exported as spans
left join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = case
            when instr(replace(spans.trace_id, '=', '@'), '@') then private_key(cast(spans.trace_id as blob))
            else cast(spans.trace_id as text)
        end
left join main.pipelines on pipelines.id = runs.pipeline_id
left join src_statuses as words on words.word = lower(trim(spans.status));

-- export: calls
-- Usage counts once, at the deepest span that has it: a span above one with usage (an agent, a workflow, another
-- instrumentation of the same call) repeats it. So does a second span of one response. A call without usage is none
-- where a call above or below it is the same. Where an export left out what is above what, an agent counts only without
-- calls in its trace. A trace may go on in another file: see `loaded`, and what is deleted in the end.
-- The conventions count cached tokens among the input tokens. Bedrock counts them beside it, and is passed on as it
-- is by most; so does whoever reads more from the cache than all of the input, or whose total has all of them.
-- What a span leaves out of its reasoning, the one around it may say (`whole`): Google's ADK does. So may one of its
-- cost: that of a gateway around the request of a client.
with recursive shapes as (
    select
        trace_id,
        max(parent_id is not null) as has_tree,
        max(is_call) as trace_has_calls
    from exported
    group by trace_id
),

spans as (
    select
        exported.*,
        shapes.has_tree,
        shapes.trace_has_calls,
        coalesce(input_tokens, 0) as input,
        coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as cached,
        total_tokens - coalesce(input_tokens, 0) - coalesce(output_tokens, 0) as beside
    from exported
    join shapes on shapes.trace_id = exported.trace_id
),

edges as (
    select
        trace_id,
        span_id,
        parent_id
    from spans
    where parent_id is not null
    union all
    select
        trace_id,
        span_id,
        parent_id
    from src_otel_links
),

above as (
    select
        trace_id,
        parent_id as span_id,
        has_usage
    from spans
    where
        parent_id is not null
        and (is_call = 1 or has_usage = 1)
    union
    select
        edges.trace_id,
        edges.parent_id,
        above.has_usage
    from above
    join edges
        on
            edges.trace_id = above.trace_id
            and edges.span_id = above.span_id
),

repeated as (
    select
        trace_id,
        span_id,
        max(has_usage) as has_usage
    from above
    group by trace_id, span_id
),

-- The calls of these traces that another file has given.
loaded as (
    select
        shapes.trace_id,
        calls.source_key,
        calls.called_at,
        calls.duration_ms,
        calls.input_tokens,
        calls.output_tokens
    from shapes
    join main.runs
        on
            runs.source_id = :source_id
            and runs.source_key = shapes.trace_id
    join main.calls on calls.run_id = runs.id
    where
        calls.gone_at is null
        and calls.source_key not in (select key(trace_id, span_id) from spans)
),

-- A call around those of another file has their sum. Where it is the deepest that this file has, nothing else says so.
-- What another file has above a span of this one is not within it.
around as (
    select
        spans.trace_id,
        spans.span_id
    from loaded
    cross join spans
        on
            spans.trace_id = loaded.trace_id
            and spans.started_at <= loaded.called_at
            and julianday(loaded.called_at) + loaded.duration_ms / 86400000.0 <= julianday(spans.ended_at) + 1e-8
    where
        spans.is_call = 1
        and spans.has_usage = 1
        and loaded.source_key not in (select key(trace_id, parent_id) from spans)
    group by spans.trace_id, spans.span_id
    having
        sum(loaded.input_tokens) in (max(spans.input), max(spans.input + spans.cached))
        and sum(loaded.output_tokens) = max(spans.output_tokens)
        and sum(loaded.output_tokens) > 0
),

counted as (
    select spans.*
    from spans
    left join repeated
        on
            repeated.trace_id = spans.trace_id
            and repeated.span_id = spans.span_id
    where
        (
            spans.has_usage = 1
            and coalesce(repeated.has_usage, 0) = 0
            and (
                (
                    spans.is_call = 1
                    and (spans.trace_id, spans.span_id) not in (
                        select
                            trace_id,
                            span_id
                        from around
                    )
                )
                or (
                    spans.is_call = 0
                    and (spans.has_tree = 1 or spans.trace_has_calls = 0)
                    and spans.trace_id not in (select trace_id from loaded)
                )
            )
        )
        or (spans.is_call = 1 and spans.has_usage = 0 and repeated.span_id is null)
),

below as (
    select
        edges.trace_id,
        edges.span_id
    from counted
    join edges
        on
            edges.trace_id = counted.trace_id
            and edges.parent_id = counted.span_id
    where
        counted.is_call = 1
        and counted.has_usage = 1
    union
    select
        edges.trace_id,
        edges.span_id
    from below
    join edges
        on
            edges.trace_id = below.trace_id
            and edges.parent_id = below.span_id
),

outermost as (
    select counted.*
    from counted
    where
        has_usage = 1
        or (trace_id, span_id) not in (
            select
                trace_id,
                span_id
            from below
        )
),

places as (
    select
        trace_id,
        span_id,
        row_number() over (
            partition by trace_id, coalesce(response_id, 'span ' || span_id)
            order by input + coalesce(output_tokens, 0) desc, cost desc, position
        ) as place
    from outermost
),

ranked as (
    select *
    from outermost
    where
        (trace_id, span_id) not in (
            select
                trace_id,
                span_id
            from places
            where place > 1
        )
)

select
    key(ranked.trace_id, ranked.span_id) as source_key,
    ranked.trace_id as run_key,
    pipelines.name as pipeline_name,
    coalesce(ranked.operation, 'call') || coalesce(' ' || ranked.target, '') as step_name,
    coalesce(ranked.provider, '') as provider,
    coalesce(ranked.operation, '') as endpoint,
    coalesce(ranked.model, '') as model,
    words.status,
    coalesce(ranked.error_type, ranked.status) as source_status,
    ranked.error_message,
    ranked.started_at as called_at,
    ranked.duration_ms,
    case
        when
            ranked.input < ranked.cached
            or (
                (lower(ranked.provider) like '%bedrock%' or lower(ranked.provider) = 'aws')
                and coalesce(ranked.scope, '') not like 'pydantic%'
            )
            or (ranked.cached > 0 and ranked.beside - ranked.cached in (0, ranked.reasoning_tokens))
            then ranked.input + ranked.cached
        else ranked.input_tokens
    end as input_tokens,
    -- So does whoever says more reasoning than output, of that, or a total of all three.
    case
        when ranked.reasoning_tokens is null and whole.reasoning_tokens > 0 then whole.output_tokens
        when
            ranked.reasoning_tokens > ranked.output_tokens
            or (
                ranked.reasoning_tokens > 0
                and ranked.beside - ranked.reasoning_tokens in (0, ranked.cached)
            )
            then ranked.output_tokens + ranked.reasoning_tokens
        else ranked.output_tokens
    end as output_tokens,
    ranked.total_tokens,
    ranked.cache_read_tokens,
    ranked.cache_write_tokens,
    ranked.cache_write_1h_tokens,
    coalesce(ranked.reasoning_tokens, whole.reasoning_tokens) as reasoning_tokens,
    ranked.input_audio_tokens,
    ranked.output_audio_tokens,
    nullif(ranked.cache_audio_read_tokens, 0) as cache_audio_read_tokens,
    nullif(ranked.input_image_tokens, 0) as input_image_tokens,
    nullif(ranked.cache_image_read_tokens, 0) as cache_image_read_tokens,
    nullif(ranked.output_image_tokens, 0) as output_image_tokens,
    nullif(ranked.input_video_tokens, 0) as input_video_tokens,
    nullif(ranked.output_video_tokens, 0) as output_video_tokens,
    nullif(ranked.web_searches, 0) as web_searches,
    coalesce(ranked.tier, '') as tier,
    -- A cost of 0 of what succeeded is one that nobody knew.
    case
        when coalesce(ranked.cost, 0) = 0 and whole.cost > 0 and whole.output_tokens = ranked.output_tokens
            then case when whole.currency is not 'XXX' then whole.cost end
        when ranked.currency = 'XXX' or (ranked.cost = 0 and words.status is not 'failed') then null
        else ranked.cost
    end as cost,
    case
        when coalesce(ranked.cost, 0) = 0 and whole.cost > 0 and whole.output_tokens = ranked.output_tokens
            then coalesce(whole.currency, 'USD')
        when ranked.cost is null then ''
        else coalesce(ranked.currency, 'USD')
    end as currency,
    nullif(
        json_patch(
            '{}',
            json_object(
                'team', nullif(ranked.team, ''),
                'project', nullif(ranked.project, ''),
                'service', nullif(ranked.service, ''),
                'user', ranked."user"
            )
        ),
        '{}'
    ) as labels
from ranked
left join exported as whole
    on
        whole.trace_id = ranked.trace_id
        and whole.span_id = ranked.parent_id
        and whole.is_call = 1
        and whole.input_tokens = ranked.input_tokens
        and (
            (ranked.reasoning_tokens is null and whole.reasoning_tokens > 0)
            or (
                coalesce(ranked.cost, 0) = 0
                and whole.cost > 0
                and whole.output_tokens = ranked.output_tokens
            )
        )
left join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = case
            when instr(replace(ranked.trace_id, '=', '@'), '@') then private_key(cast(ranked.trace_id as blob))
            else cast(ranked.trace_id as text)
        end
left join main.pipelines on pipelines.id = runs.pipeline_id
left join src_statuses as words on words.word = lower(trim(ranked.status));

-- export: delete calls
-- An agent that another file gave, without the calls below it, which this one has.
select calls.id
from src_otel_spans as spans
join main.calls
    on
        calls.source_id = :source_id
        and calls.source_key = key(spans.trace_id, spans.parent_id)
where
    spans.is_call = 1
    and spans.has_usage = 1
    and calls.source_key not in (select key(trace_id, span_id) from src_otel_spans);
