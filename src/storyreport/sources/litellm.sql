-- The LiteLLM proxy → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.

-- database: calls
-- prompt_tokens include the cached ones. Early versions have no status: what has tokens was answered.
with repeated as (
    select request_id
    from src_litellm_spendlogs
    group by request_id
    having count(*) > 1
),

responses as (
    select
        request_id,
        call_type,
        row_number() over (
            partition by model, prompt_tokens, completion_tokens, spend
            order by starttime, request_id
        ) as place
    from all_litellm_spendlogs
    where
        spend > 0
        and call_type in ('responses', 'aresponses', 'get_responses', 'aget_responses')
        and exists (
            select 1
            from src_litellm_spendlogs
            where call_type in ('get_responses', 'aget_responses')
        )
),

-- A response that is read again is written down again, with its cost and another id.
read_again as (
    select request_id
    from responses
    where
        place > 1
        and call_type in ('get_responses', 'aget_responses')
),

-- Few rows have an id in common: only these are sorted with all that they hold.
once as (
    select
        logs.*,
        1 as place
    from src_litellm_spendlogs as logs
    where request_id not in (select request_id from repeated)
    union all
    select
        logs.*,
        row_number() over (partition by request_id order by endtime desc, spend desc) as place
    from src_litellm_spendlogs as logs
    where request_id in (select request_id from repeated)
),

read as (
    select
        logs.*,
        case when json_valid(metadata) and json_type(metadata) = 'object' then metadata else '{}' end as details,
        -- The provider is then only whose way of asking it was.
        lower(api_base) glob 'http*://localhost*'
        or lower(api_base) glob 'http*://127.*'
        or lower(api_base) glob 'http*://10.*'
        or lower(api_base) glob 'http*://192.168.*'
        or lower(api_base) glob 'http*://172.1[6-9].*'
        or lower(api_base) glob 'http*://172.2[0-9].*'
        or lower(api_base) glob 'http*://172.3[01].*'
        or lower(api_base) glob 'http*://*.local[:/]*'
        or lower(api_base) glob 'http*://*.internal[:/]*' as is_own_server
    from once as logs
    where
        place = 1
        and request_id not in (select request_id from read_again)
    -- The details are taken once, not for each value in them.
    limit -1
),

-- The usage of a row is in one of two places, or in both: some versions write all of it but the three sums beside it.
described as (
    select
        read.*,
        json_patch(
            case
                when json_type(details, '$.additional_usage_values') = 'object'
                    then json_extract(details, '$.additional_usage_values')
                else '{}'
            end,
            case
                when json_type(details, '$.usage_object') = 'object' then json_extract(details, '$.usage_object')
                else '{}'
            end
        ) as used
    from read
    limit -1
),

extracted as (
    select
        described.*,
        -- What the provider said that it charged, where the proxy has no price.
        coalesce(
            nullif(cast(json_extract(details, '$.cost_breakdown.total_cost') as real), 0),
            case
                when json_type(used, '$.cost') in ('integer', 'real') then json_extract(used, '$.cost')
            end
        ) as broken_down,
        -- A name with 0 does not hide another one with more.
        coalesce(
            nullif(json_extract(used, '$.cache_read_input_tokens'), 0),
            json_extract(used, '$.prompt_tokens_details.cached_tokens')
        ) as said_read,
        coalesce(
            nullif(json_extract(used, '$.cache_creation_input_tokens'), 0),
            nullif(json_extract(used, '$.prompt_tokens_details.cache_creation_tokens'), 0),
            json_extract(used, '$.prompt_tokens_details.cache_write_tokens')
        ) as said_written,
        coalesce(
            json_extract(used, '$.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens'),
            json_extract(used, '$.cache_creation.ephemeral_1h_input_tokens')
        ) as said_hour,
        json_extract(used, '$.completion_tokens_details.reasoning_tokens') as said_reasoning,
        json_extract(used, '$.prompt_tokens_details.audio_tokens') as said_input_audio,
        json_extract(used, '$.completion_tokens_details.audio_tokens') as said_output_audio,
        coalesce(
            json_extract(used, '$.server_tool_use.web_search_requests'),
            json_extract(used, '$.prompt_tokens_details.web_search_requests')
        ) as said_searches,
        json_extract(used, '$.service_tier') as said_tier,
        -- The counts of some streams are 0 although their usage is known.
        case
            when coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0) = 0
                then json_extract(used, '$.prompt_tokens')
        end as said_prompt,
        case
            when coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0) = 0
                then json_extract(used, '$.completion_tokens')
        end as said_completion
    from described
    -- Each value is looked up once, however often it is named below.
    limit -1
),

counted as (
    select
        logs.*,
        case
            when cast(said_prompt as text) not glob '*[^0-9.]*' then cast(said_prompt as integer)
            else prompt_tokens
        end as prompt,
        case
            when cast(said_completion as text) not glob '*[^0-9.]*' then cast(said_completion as integer)
            else completion_tokens
        end as completion
    from extracted as logs
),

spent as (
    select
        logs.*,
        coalesce(
            nullif(trim(status), ''),
            case when max(coalesce(total_tokens, 0), coalesce(completion, 0)) > 0 then 'success' end
        ) as outcome,
        max(coalesce(total_tokens, 0), coalesce(prompt, 0) + coalesce(completion, 0)) as tokens,
        case when cast(said_read as text) not glob '*[^0-9.]*' then cast(said_read as integer) else 0 end as cache_read,
        case when cast(said_written as text) not glob '*[^0-9.]*' then cast(said_written as integer) else 0 end
            as cache_write
    from counted as logs
),

failures as (
    select
        logs.*,
        exception_type
        || case when status_code <> '' then ' (' || status_code || ')' else '' end
        || coalesce(': ' || nullif(exception_string, ''), '') as said,
        row_number() over (partition by request_id order by endtime desc, status_code) as place
    from src_litellm_errorlogs as logs
)

select
    spent.request_id as source_key,
    case
        when spent.is_own_server and coalesce(spent.spend, 0) = 0 then 'own server'
        else coalesce(spent.custom_llm_provider, '')
    end as provider,
    coalesce(spent.call_type, '') as endpoint,
    case
        -- LiteLLM's prefix: with it, the name is that of another of Perplexity's models.
        when spent.custom_llm_provider = 'perplexity' and spent.model glob 'perplexity/*' then substr(spent.model, 12)
        else coalesce(nullif(spent.model, ''), spent.model_group, '')
    end as model,
    words.status,
    spent.status as source_status,
    -- Versions that write no error logs have the class of the error here.
    coalesce(
        nullif(failures.said, ''),
        case
            when words.status = 'failed' and json_type(details, '$.error_information.error_class') = 'text'
                then
                    substr(json_extract(details, '$.error_information.error_class'), 1, 100)
                    || coalesce(
                        ' ('
                        || nullif(substr(json_extract(details, '$.error_information.error_code'), 1, 20), '')
                        || ')',
                        ''
                    )
        end
    ) as error_message,
    spent.starttime as called_at,
    coalesce(
        spent.request_duration_ms,
        case
            when spent.starttime <= spent.endtime
                then cast(round((julianday(spent.endtime) - julianday(spent.starttime)) * 86400000) as integer)
        end
    ) as duration_ms,
    -- Some versions and pass-through endpoints write Anthropic's count, which leaves out what the cache has.
    case
        when
            spent.prompt < spent.cache_read + spent.cache_write
            or (
                spent.cache_read + spent.cache_write > 0
                and spent.total_tokens
                = spent.prompt + spent.cache_read + spent.cache_write + coalesce(spent.completion, 0)
            )
            then spent.prompt + spent.cache_read + spent.cache_write
        else spent.prompt
    end as input_tokens,
    spent.completion as output_tokens,
    case when spent.total_tokens = 0 then spent.tokens else spent.total_tokens end as total_tokens,
    nullif(spent.cache_read, 0) as cache_read_tokens,
    nullif(spent.cache_write, 0) as cache_write_tokens,
    case
        when cast(spent.said_hour as text) not glob '*[^0-9.]*'
            then nullif(cast(spent.said_hour as integer), 0)
    end as cache_write_1h_tokens,
    case
        when cast(spent.said_reasoning as text) not glob '*[^0-9.]*'
            then cast(spent.said_reasoning as integer)
    end as reasoning_tokens,
    case
        when cast(spent.said_input_audio as text) not glob '*[^0-9.]*'
            then nullif(cast(spent.said_input_audio as integer), 0)
    end as input_audio_tokens,
    case
        when cast(spent.said_output_audio as text) not glob '*[^0-9.]*'
            then nullif(cast(spent.said_output_audio as integer), 0)
    end as output_audio_tokens,
    case
        when cast(spent.said_searches as text) not glob '*[^0-9.]*'
            then nullif(cast(spent.said_searches as integer), 0)
    end as web_searches,
    case when typeof(spent.said_tier) = 'text' then substr(spent.said_tier, 1, 50) else '' end as tier,
    -- A call whose price the proxy did not find is written down as 0; one answered from the cache cost that.
    case
        when spent.spend <> 0 then spent.spend
        when spent.broken_down > 0 and spent.broken_down < 1e12 then spent.broken_down
        when words.status = 'failed' or spent.cache_hit = 1 or (words.status is null and spent.tokens = 0)
            then spent.spend
        -- What was done with files and batches, of which no model knows.
        when
            spent.tokens = 0
            and (
                spent.call_type glob '*_batch*'
                or spent.call_type glob '*_file'
                or spent.call_type glob '*file_*'
            )
            then spent.spend
    end as cost,
    'USD' as currency,
    nullif(
        json_patch(
            '{}',
            json_object(
                'team', nullif(spent.team_id, ''),
                'tag', case
                    when json_valid(spent.request_tags) and json_type(spent.request_tags, '$[0]') = 'text'
                        then json(spent.request_tags)
                end,
                'user', spent."user",
                'key', spent.api_key
            )
        ),
        '{}'
    ) as labels
from spent
left join src_statuses as words on words.word = lower(spent.outcome)
left join failures
    on
        failures.request_id = spent.request_id
        and failures.place = 1
union all
select
    'error ' || failures.request_id,
    '',
    '',
    coalesce(nullif(failures.litellm_model_name, ''), failures.model_group, ''),
    'failed',
    failures.exception_type,
    nullif(failures.said, ''),
    failures.starttime,
    case
        when failures.starttime <= failures.endtime
            then cast(round((julianday(failures.endtime) - julianday(failures.starttime)) * 86400000) as integer)
    end,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
    '',
    null,
    'USD',
    null
from failures
where
    failures.place = 1
    and failures.request_id not in (select request_id from all_litellm_spendlogs);
