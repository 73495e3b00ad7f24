-- The plain forms of step runs and calls → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.

-- database: pipelines
select cast(pipeline as text) as name
from src_step_runs
where pipeline <> ''
union
select cast(pipeline as text)
from src_calls
where pipeline <> '';

-- database: stories, where absent
with mentioned as (
    select
        story,
        story_title,
        pipeline,
        coalesce(queued_at, started_at, ended_at) as at
    from src_step_runs
    union all
    select
        story,
        null,
        pipeline,
        called_at
    from src_calls
)

select
    cast(story as text) as source_key,
    min(cast(nullif(pipeline, '') as text)) as pipeline_name,
    max(story_title) as title,
    min(at) as created_at
from mentioned
where story <> ''
group by cast(story as text);

-- database: stories
-- A title may come later, and rows without one must not take it away.
select
    cast(story as text) as source_key,
    max(story_title) as title
from src_step_runs
where story <> ''
group by cast(story as text)
having max(story_title) <> '';

-- database: runs
-- Pipelines that count their runs have the same ids: all but those of one are known by the pipeline's name, too.
with named as (
    select
        cast(run as text) as run,
        cast(nullif(pipeline, '') as text) as pipeline
    from src_step_runs
    where run <> ''
    union
    select
        cast(run as text),
        cast(nullif(pipeline, '') as text)
    from src_calls
    where run <> ''
),

owned as (
    select
        named.run,
        named.pipeline,
        split.source_key as split_key,
        coalesce(
            min(case when pipelines.name = named.pipeline then named.pipeline end) over (partition by named.run),
            min(case when split.source_key is null then named.pipeline end) over (partition by named.run)
        ) as owner
    from named
    left join main.runs
        on
            runs.source_id = :source_id
            and runs.source_key = named.run
    left join main.pipelines on pipelines.id = runs.pipeline_id
    left join main.runs as split
        on
            split.source_id = :source_id
            and named.pipeline <> ''
            and split.source_key = key(named.pipeline, named.run)
)

select
    case when pipeline <> owner then coalesce(split_key, key(pipeline, run)) else coalesce(split_key, run) end
        as source_key,
    'run' as kind,
    min(pipeline) as pipeline_name,
    1 as is_derived
from owned
group by source_key;

-- database: steps
-- A call that names no pipeline is one of its run's.
with of_runs as (
    select
        cast(run as text) as run,
        min(cast(pipeline as text)) as pipeline
    from src_step_runs
    where
        run <> ''
        and pipeline <> ''
    group by cast(run as text)
),

mentioned as (
    select
        cast(nullif(pipeline, '') as text) as pipeline_name,
        cast(step as text) as name,
        cast(family as text) as family,
        rtrim(step, '0123456789') as stem
    from src_step_runs
    union all
    select
        coalesce(cast(nullif(calls.pipeline, '') as text), of_runs.pipeline, pipelines.name),
        cast(calls.step as text),
        null,
        rtrim(calls.step, '0123456789')
    from src_calls as calls
    left join of_runs on of_runs.run = cast(calls.run as text)
    left join main.runs
        on
            runs.source_id = :source_id
            and runs.source_key = cast(calls.run as text)
    left join main.pipelines on pipelines.id = runs.pipeline_id
)

select
    pipeline_name,
    name,
    coalesce(
        max(nullif(family, '')),
        case
            when min(stem) glob '?*_' and min(stem) <> name then substr(min(stem), 1, length(min(stem)) - 1)
            else name
        end
    ) as family
from mentioned
where name <> ''
group by pipeline_name, name;

-- database: step_runs
-- Rows of one key tell of one attempt, as a log does that writes a row whenever a status changes: the one that has
-- ended, or else the latest, is what became of it.
with identified as (
    select
        coalesce(split.source_key, attempts.run) as run,
        attempts.pipeline,
        attempts.story,
        attempts.step,
        attempts.attempt,
        coalesce(
            nullif(attempts.status, ''),
            case attempts.success when 1 then 'success' when 0 then 'failure' end,
            case when attempts.exit_code = 0 then 'success' when attempts.exit_code <> 0 then 'failure' end
        ) as status,
        attempts.queued_at,
        attempts.started_at,
        attempts.ended_at,
        attempts.error,
        attempts.acceptance_passed,
        coalesce(
            cast(nullif(attempts.id, '') as text),
            key(coalesce(split.source_key, attempts.run), story, step, attempt, attempts.started_at)
            || case
                when coalesce(attempts.run, '') = '' and attempts.pipeline <> '' then '/' || key(attempts.pipeline)
                else ''
            end
        ) as source_key,
        coalesce(attempts.duration_ms, attempts.duration_s) as given_ms,
        case when attempts.error is not null then error_text(attempts.error) end as said
    from src_step_runs as attempts
    left join main.runs as split
        on
            split.source_id = :source_id
            and attempts.run <> ''
            and attempts.pipeline <> ''
            and split.source_key = key(attempts.pipeline, attempts.run)
),

ranked as (
    select
        identified.*,
        count(*) over same as source_rows,
        row_number() over (
            same
            order by ended_at desc, given_ms is null, started_at desc, queued_at desc, error desc, status
        ) as place
    from identified
    window same as (partition by source_key)
),

attempts as (
    select
        ranked.*,
        coalesce(
            started_at,
            strftime('%Y-%m-%dT%H:%M:%fZ', ended_at, -(given_ms / 1000.0) || ' seconds')
        ) as began_at,
        coalesce(
            ended_at,
            strftime('%Y-%m-%dT%H:%M:%fZ', started_at, (given_ms / 1000.0) || ' seconds')
        ) as finished_at,
        -- Only within a run is every attempt in sight. Some count them from 0.
        case
            when run <> '' and attempt is not null
                then attempt + case when min(attempt) over (partition by run, story, step) = 0 then 1 else 0 end
        end as given_attempt,
        case
            when run <> ''
                then row_number() over (
                    partition by run, story, step
                    order by coalesce(started_at, queued_at, ended_at), source_key
                )
        end as counted_attempt
    from ranked
    where place = 1
)

select
    attempts.source_key,
    attempts.source_rows,
    cast(nullif(attempts.story, '') as text) as story_key,
    cast(nullif(attempts.run, '') as text) as run_key,
    cast(nullif(attempts.pipeline, '') as text) as pipeline_name,
    cast(attempts.step as text) as step_name,
    coalesce(attempts.given_attempt, attempts.attempt, attempts.counted_attempt) as attempt,
    words.status,
    attempts.status as source_status,
    attempts.acceptance_passed,
    attempts.said as error_message,
    attempts.queued_at,
    attempts.began_at as started_at,
    -- A running step may say how long it has taken so far.
    case
        when words.status in ('queued', 'running', 'waiting') then attempts.ended_at
        else attempts.finished_at
    end as ended_at,
    nullif(
        max(coalesce(attempts.queued_at, ''), coalesce(attempts.began_at, ''), coalesce(attempts.finished_at, '')),
        ''
    ) as last_activity_at,
    coalesce(
        attempts.given_ms,
        case
            when attempts.began_at <= attempts.finished_at
                then cast(
                    round((julianday(attempts.finished_at) - julianday(attempts.began_at)) * 86400000) as integer
                )
        end
    ) as duration_ms
from attempts
left join src_statuses as words
    on
        words.word = coalesce(
            -- SLURM's sacct adds who it was.
            case when substr(attempts.status, 1, 13) = 'CANCELLED by ' then 'cancelled' end,
            nullif(lower(trim(attempts.status)), ''),
            case
                when attempts.said is not null then 'failed'
                when attempts.finished_at is not null or attempts.given_ms is not null then 'completed'
            end
        );

-- database: calls
-- Calls without an id may be alike in everything and still be two; what has an id is one.
with identified as not materialized (
    select
        calls.*,
        coalesce(split.source_key, cast(calls.run as text)) as run_key,
        nullif(calls.id, '') is not null as has_id,
        coalesce(
            cast(nullif(calls.id, '') as text),
            key(run, story, step, provider, model, endpoint, called_at, input_tokens, output_tokens, cost),
            -- Of what it had, nothing could be read.
            '/'
        ) as given_key,
        case when error is not null then error_text(error) end as said
    from src_calls as calls
    left join main.runs as split
        on
            split.source_id = :source_id
            and calls.run <> ''
            and calls.pipeline <> ''
            and split.source_key = key(calls.pipeline, calls.run)
),

-- Few rows have a key in common: only these are sorted with all that they hold.
repeated as (
    select given_key
    from identified
    group by given_key
    having count(*) > 1
),

ranked as (
    select
        identified.*,
        1 as place
    from identified
    where given_key not in (select given_key from repeated)
    union all
    select
        identified.*,
        row_number() over (partition by given_key order by called_at desc, cost desc, total_tokens desc, status)
            as place
    from identified
    where given_key in (select given_key from repeated)
)

select
    ranked.given_key || case when ranked.place > 1 then '/' || ranked.place else '' end as source_key,
    coalesce(cast(nullif(ranked.story, '') as text), stories.source_key) as story_key,
    nullif(ranked.run_key, '') as run_key,
    coalesce(cast(nullif(ranked.pipeline, '') as text), pipelines.name) as pipeline_name,
    cast(nullif(ranked.step, '') as text) as step_name,
    coalesce(ranked.provider, '') as provider,
    coalesce(ranked.endpoint, '') as endpoint,
    coalesce(ranked.model, '') as model,
    words.status,
    coalesce(nullif(ranked.status, ''), case ranked.success when 1 then 'success' when 0 then 'failure' end)
        as source_status,
    ranked.said as error_message,
    ranked.called_at,
    coalesce(ranked.duration_ms, ranked.duration_s) as duration_ms,
    coalesce(ranked.calls, 1) as calls,
    ranked.input_tokens,
    ranked.output_tokens,
    ranked.cache_read_tokens,
    ranked.cache_write_tokens,
    ranked.total_tokens,
    coalesce(ranked.tier, '') as tier,
    ranked.cache_write_1h_tokens,
    ranked.reasoning_tokens,
    ranked.input_audio_tokens,
    ranked.output_audio_tokens,
    ranked.input_image_tokens,
    ranked.output_image_tokens,
    ranked.web_searches,
    ranked.file_searches,
    ranked.input_characters,
    ranked.audio_seconds,
    ranked.document_pages,
    case when ranked.currency is not 'XXX' then ranked.cost end as cost,
    coalesce(nullif(ranked.currency, 'XXX'), 'USD') as currency,
    case
        when coalesce(ranked.team, ranked.project, ranked.tag) is not null
            then nullif(
                json_patch(
                    '{}',
                    json_object(
                        'team', nullif(ranked.team, ''),
                        'project', nullif(ranked.project, ''),
                        'tag', nullif(ranked.tag, '')
                    )
                ),
                '{}'
            )
    end as labels
from ranked
left join src_statuses as words
    on
        words.word = coalesce(
            nullif(lower(trim(ranked.status)), ''),
            case ranked.success when 1 then 'success' when 0 then 'failure' end,
            case when ranked.said is not null then 'failed' end
        )
left join main.runs
    on
        runs.source_id = :source_id
        and runs.source_key = ranked.run_key
left join main.pipelines on pipelines.id = runs.pipeline_id
left join main.stories on stories.id = runs.story_id
where
    not ranked.has_id
    or ranked.place = 1;
