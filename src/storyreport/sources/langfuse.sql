-- Langfuse → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words (here: levels).

-- database: with observations
select
    id,
    trace_id,
    trace_name,
    parent_observation_id,
    type,
    name,
    level,
    status_message,
    start_time,
    end_time,
    updated_at,
    latency,
    coalesce(nullif(provided_model_name, ''), model, '') as model,
    coalesce(usage_details, usage) as usage,
    coalesce(unit, case when json_valid(usage) then json_extract(usage, '$.unit') end, 'TOKENS') as unit,
    coalesce(prompt_tokens, input_tokens) as prompt_tokens,
    coalesce(completion_tokens, output_tokens) as completion_tokens,
    total_tokens,
    cost_details,
    coalesce(total_cost, calculated_total_cost) as total_cost,
    user_id,
    tags
from src_observations
union all
select
    id,
    traceid,
    tracename,
    parentobservationid,
    type,
    name,
    level,
    statusmessage,
    starttime,
    endtime,
    updatedat,
    latency,
    coalesce(nullif(providedmodelname, ''), model, ''),
    coalesce(usagedetails, usage),
    coalesce(unit, case when json_valid(usage) then json_extract(usage, '$.unit') end, 'TOKENS'),
    coalesce(prompttokens, inputtokens),
    coalesce(completiontokens, outputtokens),
    totaltokens,
    costdetails,
    coalesce(totalcost, calculatedtotalcost),
    userid,
    tags
from src_api_observations;

-- database: with trace_names
-- A trace has the name that it was given, or else that of its root.
select
    cast(observations.trace_id as text) as trace_id,
    coalesce(
        max(nullif(observations.trace_name, '')),
        max(nullif(traces.name, '')),
        min(case when nullif(observations.parent_observation_id, '') is null then nullif(observations.name, '') end)
    ) as pipeline_name
from observations
left join all_traces as traces on traces.id = observations.trace_id
where observations.trace_id <> ''
group by cast(observations.trace_id as text);

-- database: pipelines
select distinct pipeline_name as name
from trace_names
where pipeline_name is not null;

-- database: runs
-- A trace is what its observations are; where it has a root, that one says whether it failed.
with ranked as (
    select
        observations.*,
        nullif(parent_observation_id, '') is null as is_root,
        max(nullif(parent_observation_id, '') is null) over (partition by trace_id) as has_root,
        row_number() over (partition by id order by updated_at desc, end_time desc, start_time desc) as place
    from observations
    where trace_id <> ''
),

evaluated as (
    select
        ranked.*,
        case
            when end_time is null and upper(type) <> 'EVENT' and words.status is not 'failed' then 'running'
            else words.status
        end as status
    from ranked
    left join src_statuses as words on words.word = lower(coalesce(nullif(trim(level), ''), 'default'))
    where place = 1
),

traces as (
    select
        cast(trace_id as text) as source_key,
        case
            when sum(status = 'running') > 0 then 'running'
            when sum(status = 'failed' and (is_root or not has_root)) > 0 then 'failed'
            when sum(status is null) = 0 then 'completed'
        end as status,
        min(start_time) as started_at,
        max(coalesce(end_time, start_time)) as last_seen_at,
        max(max(coalesce(updated_at, ''), coalesce(end_time, ''), coalesce(start_time, ''))) as last_sign
    from evaluated
    group by cast(trace_id as text)
)

select
    traces.source_key,
    'trace' as kind,
    trace_names.pipeline_name,
    status,
    started_at,
    case when status is not 'running' then last_seen_at end as ended_at,
    nullif(last_sign, '') as last_activity_at,
    case
        when status is not 'running' and started_at <= last_seen_at
            then cast(round((julianday(last_seen_at) - julianday(started_at)) * 86400000) as integer)
    end as duration_ms
from traces
left join trace_names on trace_names.trace_id = traces.source_key;

-- database: steps
select distinct
    trace_names.pipeline_name,
    coalesce(nullif(observations.name, ''), lower(observations.type)) as name,
    coalesce(nullif(observations.name, ''), lower(observations.type)) as family
from observations
left join trace_names on trace_names.trace_id = cast(observations.trace_id as text)
where
    upper(observations.type) not in ('GENERATION', 'EMBEDDING')
    and observations.parent_observation_id <> '';

-- database: step_runs
with ranked as (
    select
        observations.*,
        count(*) over (partition by id) as source_rows,
        row_number() over (partition by id order by updated_at desc, end_time desc, start_time desc) as place
    from observations
    where
        upper(type) not in ('GENERATION', 'EMBEDDING')
        and parent_observation_id <> ''
)

select
    cast(ranked.id as text) as source_key,
    ranked.source_rows,
    cast(nullif(ranked.trace_id, '') as text) as run_key,
    trace_names.pipeline_name,
    coalesce(nullif(ranked.name, ''), lower(ranked.type)) as step_name,
    case
        when ranked.end_time is null and upper(ranked.type) <> 'EVENT' and words.status is not 'failed' then 'running'
        else words.status
    end as status,
    ranked.level as source_status,
    case when words.status = 'failed' then nullif(ranked.status_message, '') end as error_message,
    ranked.start_time as started_at,
    coalesce(ranked.end_time, case when upper(ranked.type) = 'EVENT' then ranked.start_time end) as ended_at,
    nullif(
        max(coalesce(ranked.updated_at, ''), coalesce(ranked.end_time, ''), coalesce(ranked.start_time, '')),
        ''
    ) as last_activity_at,
    case
        when ranked.start_time <= ranked.end_time
            then cast(round((julianday(ranked.end_time) - julianday(ranked.start_time)) * 86400000) as integer)
        when ranked.end_time is null then ranked.latency
    end as duration_ms
from ranked
left join trace_names on trace_names.trace_id = cast(ranked.trace_id as text)
left join src_statuses as words on words.word = lower(coalesce(nullif(trim(ranked.level), ''), 'default'))
where ranked.place = 1;

-- database: calls
-- What has usage or a cost is a call, whatever its type: an agent or a chain only where nothing below it has any.
-- Usage types leave each other out: input are the tokens that came from no cache. Unless the total says otherwise, or
-- the type is one that Langfuse passed on as it got it (with a dot in its name): these are within the input.
with recursive spans as (
    select
        id,
        min(coalesce(nullif(name, ''), lower(type))) as step_name
    from observations
    where
        upper(type) not in ('GENERATION', 'EMBEDDING')
        and parent_observation_id <> ''
    group by id
),

ranked as (
    select
        observations.*,
        row_number() over (partition by id order by updated_at desc, end_time desc, start_time desc) as place
    from observations
),

known as (
    select
        ranked.*,
        upper(type) in ('GENERATION', 'EMBEDDING') as is_generation,
        coalesce(total_cost, 0) <> 0
        or exists (
            select 1
            from json_each(case when json_valid(cost_details) then cost_details else '{}' end) as details
            where
                details.type in ('integer', 'real', 'text')
                and cast(details.value as real) > 0
        )
        or exists (
            select 1
            from json_each(case when json_valid(usage) then usage else '{}' end) as details
            where
                details.type in ('integer', 'real', 'text')
                and details.value not glob '*[^0-9.]*'
                and cast(details.value as real) > 0
        ) as has_usage
    from ranked
    where place = 1
),

above as (
    select parent_observation_id as id
    from known
    where
        parent_observation_id <> ''
        and has_usage
    union
    select known.parent_observation_id
    from above
    join known on known.id = above.id
    where known.parent_observation_id <> ''
),

generations as (
    select *
    from known
    where
        is_generation
        or (has_usage and id not in (select id from above))
),

used as (
    select
        generations.id,
        lower(types.key) as usage_type,
        instr(types.key, '.') > 0 as is_within,
        cast(types.value as integer) as tokens
    from generations
    join json_each(case when json_valid(generations.usage) then generations.usage else '{}' end) as types
    where
        types.type in ('integer', 'real', 'text')
        and types.value not glob '*[^0-9.]*'
),

sorted as (
    select
        used.*,
        case
            when usage_type glob 'total*' then 'total'
            when usage_type = 'unit' then null
            when usage_type glob '*cache*creat*' or usage_type glob '*cache*write*' then 'cache write'
            when usage_type glob '*ephemeral*' then 'cache write'
            when usage_type glob '*cache*' then 'cache read'
            -- Google calls an answer a candidate, and its reasoning thoughts beside it.
            when usage_type glob 'output*' or usage_type glob 'completion*' then 'output'
            when usage_type glob 'candidates*' or usage_type glob 'thought*' then 'output'
            when usage_type glob 'input*' or usage_type glob 'prompt*' or usage_type glob 'tool*prompt*' then 'input'
        end as kind,
        -- How long what was written is kept: LangChain then says that the whole is 0.
        usage_type glob '*ephemeral*' as is_duration,
        usage_type glob '*1h*' as is_hour,
        usage_type glob '*reasoning*' or usage_type glob 'thought*' as is_reasoning,
        usage_type glob '*audio*' as is_audio,
        -- LangChain puts OpenAI's tier into the names.
        case
            when usage_type glob '*_priority*' then 'priority'
            when usage_type glob '*_flex*' then 'flex'
        end as tier
    from used
),

summed as (
    select
        id,
        sum(case when kind = 'input' and not is_within then tokens end) as plain_input,
        sum(case when kind = 'output' and not is_within then tokens end) as output,
        sum(case when kind = 'cache read' then tokens end) as cache_read,
        coalesce(
            nullif(sum(case when kind = 'cache write' and not is_within and not is_duration then tokens end), 0),
            sum(case when kind = 'cache write' and not is_within then tokens end)
        ) as written_beside,
        sum(case when kind = 'cache write' then tokens end) as written,
        sum(case when kind = 'cache write' and is_hour then tokens end) as cache_write_1h,
        sum(case when kind = 'output' and is_reasoning then tokens end) as reasoning,
        sum(case when kind = 'input' and is_audio then tokens end) as input_audio,
        sum(case when kind = 'output' and is_audio then tokens end) as output_audio,
        coalesce(sum(case when kind = 'cache read' and not is_within then tokens end), 0) as read_beside,
        sum(case when kind = 'total' then tokens end) as total,
        max(case when tokens > 0 then tier end) as tier
    from sorted
    group by id
),

sized as (
    select
        summed.*,
        coalesce(written_beside, written) as cache_write,
        read_beside + coalesce(written_beside, 0) as beside,
        total - plain_input - coalesce(output, 0) as more
    from summed
),

-- The total also says whether the reasoning is within the output, to which it has been added.
counted as (
    select
        sized.*,
        coalesce(
            more not in (0, beside, read_beside, beside - read_beside)
            and more + reasoning in (0, beside, read_beside, beside - read_beside)
            and reasoning * 2 <= output,
            0
        ) * coalesce(reasoning, 0) as counted_twice
    from sized
),

priced as (
    select
        generations.id,
        coalesce(
            sum(case when types.key = 'total' then types.value end),
            sum(case when types.key <> 'total' then types.value end)
        ) as cost
    from generations
    join json_each(case when json_valid(generations.cost_details) then generations.cost_details else '{}' end) as types
    where
        types.type in ('integer', 'real', 'text')
        and types.value not glob '*[^0-9.eE-]*'
        and types.value <> -1
    group by generations.id
)

select
    cast(generations.id as text) as source_key,
    cast(nullif(generations.trace_id, '') as text) as run_key,
    trace_names.pipeline_name,
    spans.step_name,
    lower(generations.type) as endpoint,
    generations.model,
    case
        when generations.end_time is null and words.status is not 'failed' then 'running'
        else words.status
    end as status,
    generations.level as source_status,
    case when words.status = 'failed' then nullif(generations.status_message, '') end as error_message,
    generations.start_time as called_at,
    case
        when generations.start_time <= generations.end_time
            then cast(
                round((julianday(generations.end_time) - julianday(generations.start_time)) * 86400000) as integer
            )
        when generations.end_time is null then generations.latency
    end as duration_ms,
    case
        when upper(generations.unit) <> 'TOKENS' then null
        when counted.more + counted.counted_twice = 0 and counted.beside <= counted.plain_input
            then counted.plain_input
        when
            counted.more + counted.counted_twice in (counted.read_beside, counted.beside - counted.read_beside)
            and counted.plain_input + counted.more + counted.counted_twice >= counted.beside
            then counted.plain_input + counted.more + counted.counted_twice
        when counted.plain_input is not null or counted.beside > 0
            then coalesce(counted.plain_input, 0) + counted.beside
        else generations.prompt_tokens
    end as input_tokens,
    case
        when upper(generations.unit) = 'TOKENS'
            then coalesce(counted.output - counted.counted_twice, generations.completion_tokens)
    end as output_tokens,
    counted.cache_read as cache_read_tokens,
    counted.cache_write as cache_write_tokens,
    case when upper(generations.unit) = 'TOKENS' then coalesce(counted.total, generations.total_tokens) end
        as total_tokens,
    counted.cache_write_1h as cache_write_1h_tokens,
    -- Some clients pass on an input with the cached tokens within it, and Langfuse adds both up. Where
    -- the input is about as large as the cached tokens, nobody can say which it is: better no price than a wrong one.
    case
        when
            coalesce(counted.total, counted.plain_input + counted.beside + coalesce(counted.output, 0))
            = counted.plain_input + counted.beside + coalesce(counted.output, 0)
            and counted.cache_read = counted.beside
            and counted.plain_input between counted.cache_read and counted.cache_read * 1.1
            and counted.cache_read > 0
            then 'doubtful input'
        else coalesce(counted.tier, '')
    end as tier,
    counted.reasoning as reasoning_tokens,
    counted.input_audio as input_audio_tokens,
    counted.output_audio as output_audio_tokens,
    case when upper(generations.unit) = 'CHARACTERS' then coalesce(counted.plain_input, counted.total) end
        as input_characters,
    case upper(generations.unit)
        when 'SECONDS' then coalesce(counted.plain_input, counted.total)
        when 'MILLISECONDS' then coalesce(counted.plain_input, counted.total) / 1000.0
    end as audio_seconds,
    -- Where no price is known the total is 0, and so are the details if they are not empty: gateways pass it on.
    coalesce(
        nullif(generations.total_cost, 0),
        nullif(priced.cost, 0),
        case when words.status = 'failed' or coalesce(generations.model, '') = '' then priced.cost end
    ) as cost,
    'USD' as currency,
    nullif(
        json_patch(
            '{}',
            json_object(
                'tag', case
                    when json_valid(generations.tags) and json_type(generations.tags, '$[0]') = 'text'
                        then json(generations.tags)
                end,
                'user', generations.user_id
            )
        ),
        '{}'
    ) as labels
from generations
left join trace_names on trace_names.trace_id = cast(generations.trace_id as text)
left join src_statuses as words on words.word = lower(coalesce(nullif(trim(generations.level), ''), 'default'))
left join counted on counted.id = generations.id
left join priced on priced.id = generations.id
left join spans on spans.id = generations.parent_observation_id;
