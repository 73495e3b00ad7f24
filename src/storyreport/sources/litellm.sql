-- The LiteLLM proxy → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.

-- database: calls
-- prompt_tokens include the cached ones. Early versions have no status: what has tokens was answered.
with spent as (
    select
        logs.*,
        coalesce(
            nullif(trim(status), ''),
            case when max(coalesce(total_tokens, 0), coalesce(completion_tokens, 0)) > 0 then 'success' end
        ) as outcome,
        max(coalesce(total_tokens, 0), coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)) as tokens,
        row_number() over (partition by request_id order by endtime desc, spend desc) as place
    from src_litellm_spendlogs as logs
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
    coalesce(spent.custom_llm_provider, '') as provider,
    coalesce(spent.call_type, '') as endpoint,
    coalesce(nullif(spent.model, ''), spent.model_group, '') as model,
    words.status,
    spent.status as source_status,
    nullif(failures.said, '') as error_message,
    spent.starttime as called_at,
    coalesce(
        spent.request_duration_ms,
        case
            when spent.starttime <= spent.endtime
                then cast(round((julianday(spent.endtime) - julianday(spent.starttime)) * 86400000) as integer)
        end
    ) as duration_ms,
    spent.prompt_tokens as input_tokens,
    spent.completion_tokens as output_tokens,
    spent.total_tokens,
    -- A streamed call whose price the proxy did not find is written down as 0; one answered from the cache cost that.
    case
        when
            spent.spend = 0
            and spent.tokens > 0
            and words.status is not 'failed'
            and spent.cache_hit is not 1
            then null
        else spent.spend
    end as cost,
    'USD' as currency
from spent
left join src_statuses as words on words.word = lower(spent.outcome)
left join failures
    on
        failures.request_id = spent.request_id
        and failures.place = 1
where spent.place = 1
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
    'USD'
from failures
where
    failures.place = 1
    and failures.request_id not in (select request_id from all_litellm_spendlogs);
