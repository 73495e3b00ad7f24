-- The exports of OpenAI's platform website → core tables.
-- A view src_<table> has the rows to load. A row that is there twice counts once; rows that differ only by user,
-- project or API key are added up.

-- costs: with amounts
select
    src_openai_console_costs.*,
    upper(trim(currency)) as code,
    row_number() over (
        partition by start_time, grouping, account, line_item, quantity_unit, currency
        order by position desc
    ) as place
from src_openai_console_costs;

-- costs: with twice
-- What one export has by project, and another one as a whole.
select
    start_time,
    code
from amounts
where place = 1
group by start_time, code
having
    round(sum(case when project <> '' then amount end), 4)
    = round(sum(case when coalesce(project, '') = '' then amount end), 4);

-- costs: calls
-- The bill of a day: an amount without calls of its own. A credit is negative.
select
    key('cost', start_time, line_item, code) || coalesce('/by ' || account, '') as source_key,
    'openai' as provider,
    coalesce(line_item, 'costs') as endpoint,
    start_time as called_at,
    0 as calls,
    case when code <> 'XXX' then sum(amount) end as cost,
    case when code <> 'XXX' then code else '' end as currency,
    case when max(project) <> '' then json_object('project', max(project)) end as labels
from amounts
where
    place = 1
    and (
        project <> ''
        or (start_time, code) not in (
            select
                start_time,
                code
            from twice
        )
    )
group by start_time, line_item, code, account;

-- costs: delete calls
-- The whole of a day that another file gave, which is now known by project.
select calls.id
from main.calls
where
    calls.source_id = :source_id
    and calls.input_id = :input_id
    and calls.source_key in (
        select key('cost', start_time, line_item, code) || coalesce('/by ' || account, '')
        from amounts
        where
            coalesce(project, '') = ''
            and (start_time, code) in (
                select
                    start_time,
                    code
                from twice
            )
    );

-- usage: with buckets
select
    src_openai_console_usage.*,
    row_number() over (
        partition by start_time, grouping, account, kind, model, batch, service_tier
        order by position desc
    ) as place
from src_openai_console_usage;

-- usage: with twice
-- What one export has by project, and another one as a whole.
select
    start_time,
    kind
from buckets
where place = 1
group by start_time, kind
having
    sum(case when project <> '' then coalesce(requests, 0) end)
    = sum(case when coalesce(project, '') = '' then coalesce(requests, 0) end)
    and sum(case when project <> '' then coalesce(input_tokens, 0) + coalesce(output_tokens, 0) end)
    = sum(case when coalesce(project, '') = '' then coalesce(input_tokens, 0) + coalesce(output_tokens, 0) end);

-- usage: calls
-- Input tokens include cached ones. Counted requests were served; of an unknown number it is one call, of tokens that
-- say nothing of the size of a call.
with priced as (
    select
        buckets.*,
        upper(trim(currency)) as code,
        amount is not null and upper(trim(coalesce(currency, ''))) not in ('', 'XXX') as is_known
    from buckets
)

select
    key('usage', start_time, kind, model, batch, service_tier)
    || case when is_known then '/billed' else '' end
    || coalesce('/by ' || account, '') as source_key,
    'openai' as provider,
    kind as endpoint,
    coalesce(model, '') as model,
    'completed' as status,
    start_time as called_at,
    sum(coalesce(requests, 1)) as calls,
    case when count(requests) < count(*) then 1 end as context_tokens,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(input_cached_tokens) as cache_read_tokens,
    sum(input_cache_write_tokens) as cache_write_tokens,
    case when batch = 1 then 'batch' else coalesce(service_tier, '') end as tier,
    sum(input_audio_tokens) as input_audio_tokens,
    sum(input_cached_audio_tokens) as cache_audio_read_tokens,
    sum(input_cached_image_tokens) as cache_image_read_tokens,
    sum(output_audio_tokens) as output_audio_tokens,
    sum(input_image_tokens) as input_image_tokens,
    sum(output_image_tokens) as output_image_tokens,
    sum(characters) as input_characters,
    sum(seconds) as audio_seconds,
    -- Only activity has amounts; a sum of 0 beside tokens is none.
    case when is_known then nullif(sum(amount), 0) end as cost,
    case when is_known then max(code) else '' end as currency,
    case when max(project) <> '' then json_object('project', max(project)) end as labels
from priced
where
    place = 1
    and (
        project <> ''
        or (start_time, kind) not in (
            select
                start_time,
                kind
            from twice
        )
    )
group by start_time, kind, model, batch, service_tier, is_known, account;

-- usage: delete calls
-- The whole of a bucket that another file gave, which is now known by project.
select calls.id
from main.calls
where
    calls.source_id = :source_id
    and calls.input_id = :input_id
    and calls.source_key in (
        select key('usage', start_time, kind, model, batch, service_tier) || coalesce('/by ' || account, '')
        from buckets
        where
            coalesce(project, '') = ''
            and (start_time, kind) in (
                select
                    start_time,
                    kind
                from twice
            )
    );
