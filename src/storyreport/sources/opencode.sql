-- opencode's messages → core tables.
-- A view src_<table> has the rows to load. Tokens leave each other out, except for the reasoning of early versions:
-- their total shows it, and without one it is within the output where the model's API counts so. opencode writes 0
-- where a subscription pays, or where it has no price: that is no cost.

-- any: with counted
-- A session that was forked has its messages once more, under new ids, with their times and tokens.
select
    messages.*,
    coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) as whole_input,
    coalesce(output_tokens, 0) as whole_output,
    coalesce(reasoning_tokens, 0) as reasoning,
    is_early
    and total_tokens is null
    and reasoning_tokens <= output_tokens
    and (
        provider in ('openai', 'azure', 'github-copilot', 'openrouter', 'deepseek', 'groq')
        or model glob '*gpt-*'
    ) as is_within,
    first_value(session_id) over (
        partition by
            provider, model, created, completed, cost, error_name,
            input_tokens, output_tokens, reasoning_tokens, cache_read_tokens, cache_write_tokens
        order by id
    ) as first_session
from messages;

-- any: with calls_of_messages
-- Of `messages`, those of a part.
select
    id as source_key,
    session_id as run_key,
    coalesce(provider, '') as provider,
    'chat' as endpoint,
    coalesce(model, '') as model,
    case when error_name is not null then 'failed' when completed is not null then 'completed' else 'running' end
        as status,
    error_name as error_message,
    created as called_at,
    case
        when created <= completed
            then cast(round((julianday(completed) - julianday(created)) * 86400000) as integer)
    end as duration_ms,
    whole_input as input_tokens,
    whole_output + case when is_within or total_tokens = whole_input + whole_output then 0 else reasoning end
        as output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    case when cost > 0 or (error_name is not null and whole_input + whole_output + reasoning = 0) then cost end as cost,
    case when cost > 0 or (error_name is not null and whole_input + whole_output + reasoning = 0) then 'USD' else '' end
        as currency
from counted
where
    (
        whole_input + whole_output + reasoning = 0
        and error_name is not null
    )
    or (
        whole_input + whole_output + reasoning > 0
        and session_id is first_session
        -- The session that was forked may have been read before.
        and not exists (
            select 1
            from main.calls
            left join main.runs on runs.id = calls.run_id
            where
                calls.source_id = :source_id
                and coalesce(runs.source_key, calls.run_key) <> counted.session_id
                and calls.day = substr(counted.created, 1, 10)
                and calls.provider = coalesce(counted.provider, '')
                and calls.model = coalesce(counted.model, '')
                and calls.called_at = counted.created
                and calls.source_key < counted.id
                and calls.input_tokens = counted.whole_input
                and calls.cache_read_tokens is counted.cache_read_tokens
                and calls.duration_ms is cast(
                    round((julianday(counted.completed) - julianday(counted.created)) * 86400000) as integer
                )
        )
    );

-- database: with session_times
select
    session_id as session,
    time_created as began_at,
    time_updated as ended_at
from src_message
union all
select
    session_id,
    time_created,
    time_updated
from src_session_message;

-- database: runs
select * from finished_sessions;

-- database: calls
-- A text is no number to BETWEEN: it is greater than all of them. Version 2 says in a column whose message it is, and a
-- summary of a conversation is one of a model's, too. It has copied messages of version 1, perhaps under other ids.
with copied as (
    select
        id,
        session_id,
        coalesce(json_extract(data, '$.time.created'), '') as created,
        coalesce(json_extract(data, '$.tokens.input'), '') as input,
        coalesce(json_extract(data, '$.tokens.output'), '') as output
    from all_session_message
    where
        type in ('assistant', 'compaction')
        and json_valid(data)
),

said as (
    select
        id,
        session_id,
        null as type,
        time_created,
        time_updated,
        case when json_valid(data) then data else '{}' end as data
    from src_message
    union all
    select
        id,
        session_id,
        type,
        time_created,
        time_updated,
        case when json_valid(data) then data else '{}' end
    from src_session_message
    where type in ('assistant', 'compaction')
),

parsed as (
    select *
    from said
    where
        type is not null
        or (
            id not in (select id from copied)
            and (
                session_id,
                coalesce(json_extract(data, '$.time.created'), ''),
                coalesce(json_extract(data, '$.tokens.input'), ''),
                coalesce(json_extract(data, '$.tokens.output'), '')
            ) not in (
                select
                    session_id,
                    created,
                    input,
                    output
                from copied
            )
        )
),

messages as (  -- noqa: ST03, the piece "counted" selects from it
    select
        id,
        session_id,
        type is null as is_early,
        clean_text(coalesce(json_extract(data, '$.providerID'), json_extract(data, '$.model.providerID')), 200)
            as provider,
        clean_text(coalesce(json_extract(data, '$.modelID'), json_extract(data, '$.model.id')), 200) as model,
        coalesce(to_utc(json_extract(data, '$.time.created')), case when type is not null then time_created end)
            as created,
        coalesce(to_utc(json_extract(data, '$.time.completed')), case when type = 'compaction' then time_updated end)
            as completed,
        clean_text(coalesce(json_extract(data, '$.error.name'), json_extract(data, '$.error.type')), 200)
            as error_name,
        case
            when json_extract(data, '$.cost') between 0 and 1e12
                then cast(json_extract(data, '$.cost') as real)
        end as cost,
        case
            when json_extract(data, '$.tokens.input') between 0 and 1e12
                then cast(json_extract(data, '$.tokens.input') as integer)
        end as input_tokens,
        case
            when json_extract(data, '$.tokens.output') between 0 and 1e12
                then cast(json_extract(data, '$.tokens.output') as integer)
        end as output_tokens,
        case
            when json_extract(data, '$.tokens.reasoning') between 0 and 1e12
                then cast(json_extract(data, '$.tokens.reasoning') as integer)
        end as reasoning_tokens,
        case
            when json_extract(data, '$.tokens.cache.read') between 0 and 1e12
                then cast(json_extract(data, '$.tokens.cache.read') as integer)
        end as cache_read_tokens,
        case
            when json_extract(data, '$.tokens.cache.write') between 0 and 1e12
                then cast(json_extract(data, '$.tokens.cache.write') as integer)
        end as cache_write_tokens,
        case
            when json_extract(data, '$.tokens.total') between 0 and 1e12
                then cast(json_extract(data, '$.tokens.total') as integer)
        end as total_tokens
    from parsed
    where coalesce(type, json_extract(data, '$.role'), 'assistant') in ('assistant', 'compaction')
)

select *
from calls_of_messages;

-- messages: with session_times
select
    session_id as session,
    created as began_at,
    coalesce(completed, created) as ended_at
from src_opencode_messages
where
    session_id not in (
        select runs.source_key
        from main.runs
        join main.inputs on inputs.id = runs.input_id
        where
            runs.source_id = :source_id
            and inputs.part = 'database'
    );

-- messages: runs
select * from finished_sessions;

-- messages: calls
with placed as (
    select
        src_opencode_messages.*,
        row_number() over (
            partition by id
            order by
                coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(output_tokens, 0) desc,
                position desc
        ) as place
    from src_opencode_messages
),

messages as (  -- noqa: ST03, the piece "counted" selects from it
    select
        placed.*,
        1 as is_early
    from placed
    where place = 1
)

select *
from calls_of_messages
where
    source_key not in (
        select calls.source_key
        from main.calls
        join main.inputs on inputs.id = calls.input_id
        where
            calls.source_id = :source_id
            and inputs.part = 'database'
    );
