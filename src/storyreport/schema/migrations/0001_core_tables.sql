-- What was read, and from where.
-- Times are UTC text, YYYY-MM-DDTHH:MM:SS.sssZ; durations whole milliseconds; sizes bytes.
-- A row of a source carries source_id and source_key, unique together, the input it came from, and gone_at once the
-- source no longer has it. A reference is an id where it leads somewhere; where it leads nowhere (any more), the id is
-- null and the *_key beside it says what the source wrote: an orphan. Stories and runs that have lost old detail to
-- `storyreport prune` have pruned_at.

-- Where rows come from -------------------------------------------------------------------------------------------

create table sources (
    id integer primary key,
    name text not null unique,
    system text not null,
    timezone text not null default 'UTC',
    created_at text not null,
    -- Detail that ended before this day was pruned, but for what belongs to later work; null where none was.
    detail_since text
);

-- One part of a source (its database, its outputs folder, …) and how far it has been read.
create table inputs (
    id integer primary key,
    source_id integer not null references sources (id),
    part text not null,
    location text not null,
    signature text not null,
    marks text not null default '{}',
    unique (source_id, part)
);

create table ingests (
    id integer primary key,
    source_id integer not null references sources (id),
    started_at text not null,
    finished_at text not null,
    status text not null,
    rows_read integer not null,
    inserted integer not null,
    updated integer not null,
    gone integer not null,
    rejected integer not null,
    duration_ms integer not null
);
create index ingests_source on ingests (source_id, finished_at);

-- What makes a keyed hash unlike that of any other report database.
create table secrets (
    name text primary key,
    value text not null
) without rowid;

-- Rows that could not be loaded, and values that were dropped from a row that was (severity 'doubted').
create table rejects (
    id integer primary key,
    source_id integer not null references sources (id),
    input_id integer not null references inputs (id),
    source_table text not null,
    source_row integer,
    source_key text,
    severity text not null,
    reason text not null,
    row text not null,
    rejected_at text not null
);
create index rejects_input on rejects (input_id, source_table, source_row);
create index rejects_source on rejects (source_id, severity, source_table, reason, source_key, source_row);

-- Each source, how much of it is here, and when it was last found to be so.
create view source_states as
select
    sources.id,
    sources.name,
    sources.system,
    sources.timezone,
    (
        select group_concat(inputs.location, ', ')
        from inputs
        where inputs.source_id = sources.id
    ) as locations,
    (
        select sum(counted.value)
        from inputs
        join json_each(inputs.marks, '$.rows') as counted
        where inputs.source_id = sources.id
    ) as rows,
    (
        select count(*)
        from rejects
        where
            rejects.source_id = sources.id
            and rejects.severity = 'rejected'
    ) as rejected,
    (
        select max(ingests.finished_at)
        from ingests
        where ingests.source_id = sources.id
    ) as last_ingest_at,
    sources.detail_since
from sources;

-- What the pipelines make and do ---------------------------------------------------------------------------------

create table stories (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    title text,
    origin text,
    theme text,
    session_hash text,
    status text,
    source_status text,
    chapter_count integer,
    lacks_chapters integer,
    prompt text,
    text text,
    created_at text,
    updated_at text,
    ended_at text,
    gone_at text,
    pruned_at text,
    day text generated always as (substr(coalesce(created_at, ''), 1, 10)) stored,
    end_day text generated always as (substr(ended_at, 1, 10)) stored,
    unique (source_id, source_key)
);
create index stories_day on stories (source_id, day);
create index stories_end_day on stories (source_id, end_day) where ended_at is not null;
create index stories_gone on stories (gone_at) where gone_at is not null;
-- Stories of sources that count chapters, where there is no count.
create index stories_lacking_chapters on stories (source_id) where lacks_chapters;

-- A run of any kind: pipeline run, workflow run, batch, job, media workflow. A derived run is one that its source
-- keeps no record of: its state is that of its step runs.
create table runs (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    kind text not null,
    is_derived integer not null default 0,
    story_id integer references stories (id),
    story_key text,
    parent_id integer references runs (id),
    parent_key text,
    theme text,
    session_hash text,
    status text,
    source_status text,
    current_step text,
    failure_stage text,
    failure_code text,
    error_id integer references errors (id),
    error_message text,
    queued_at text,
    started_at text,
    ended_at text,
    last_activity_at text,
    duration_ms integer,
    cycles_completed integer,
    max_cycles integer,
    gone_at text,
    pruned_at text,
    day text generated always as (substr(coalesce(ended_at, started_at, queued_at, ''), 1, 10)) stored,
    unique (source_id, source_key)
);
create index runs_day on runs (source_id, day);
create index runs_story on runs (story_id);
create index runs_parent on runs (parent_id) where parent_id is not null;
create index runs_open on runs (source_id, status) where status in ('queued', 'running', 'waiting');
create index runs_story_key on runs (story_key) where story_key is not null;
create index runs_orphans on runs (source_id) where story_key is not null or parent_key is not null;
create index runs_error on runs (source_id, day) where error_id is not null;
create index runs_unfiled_error on runs (source_id) where error_message is not null and error_id is null;
create index runs_unknown_status on runs (source_id) where status is null;
create index runs_backwards on runs (source_id) where ended_at < started_at;
create index runs_gone on runs (gone_at) where gone_at is not null;

-- A step of a pipeline; instances of one step (write_chapter_7) share its family (write_chapter).
create table steps (
    id integer primary key,
    source_id integer not null references sources (id),
    name text not null,
    family text not null,
    position integer,
    unique (source_id, name)
);

-- One attempt of a step: step execution, command, background task. A derived one was made from events.
create table step_runs (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    source_rows integer not null default 1,
    kind text not null default 'step',
    is_derived integer not null default 0,
    step_id integer not null references steps (id),
    story_id integer references stories (id),
    story_key text,
    run_id integer references runs (id),
    run_key text,
    attempt integer,
    status text,
    source_status text,
    acceptance_passed integer,
    error_id integer references errors (id),
    error_message text,
    queued_at text,
    started_at text,
    ended_at text,
    last_activity_at text,
    duration_ms integer,
    gone_at text,
    day text generated always as (substr(coalesce(ended_at, started_at, ''), 1, 10)) stored,
    unique (source_id, source_key)
);
create index step_runs_step_day on step_runs (step_id, day);
create index step_runs_story on step_runs (story_id, step_id, attempt, status);
create index step_runs_run on step_runs (run_id);
create index step_runs_open on step_runs (source_id, status) where status in ('queued', 'running', 'waiting');
create index step_runs_run_key on step_runs (run_key) where run_key is not null;
create index step_runs_story_key on step_runs (story_key) where story_key is not null;
create index step_runs_orphans on step_runs (source_id) where story_key is not null or run_key is not null;
create index step_runs_error on step_runs (source_id, day) where error_id is not null;
create index step_runs_error_day on step_runs (error_id, day, story_id) where error_id is not null;
create index step_runs_unfiled_error on step_runs (source_id) where error_message is not null and error_id is null;
create index step_runs_unknown_status on step_runs (source_id) where status is null;
create index step_runs_backwards on step_runs (source_id) where ended_at < started_at;

create table events (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    kind text not null,
    story_id integer references stories (id),
    story_key text,
    run_id integer references runs (id),
    run_key text,
    step_id integer references steps (id),
    status text,
    source_status text,
    progress_pct real,
    message text,
    at text,
    gone_at text,
    unique (source_id, source_key)
);
create index events_run on events (run_id, at);
create index events_at on events (at);
create index events_source on events (source_id, at);
create index events_run_key on events (run_key) where run_key is not null;
create index events_orphans on events (source_id) where story_key is not null or run_key is not null;

-- One row a fingerprint: the message with its ids, numbers, times, paths, URLs and quoted parts replaced.
create table errors (
    id integer primary key,
    fingerprint text not null unique,
    example text not null
);
create virtual table errors_fts using fts5 (fingerprint, example, content = 'errors', content_rowid = 'id');

-- A file that the source's own records have is missing where its folder was read and does not have it.
create table artifacts (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    kind text not null,
    story_id integer references stories (id),
    story_key text,
    run_id integer references runs (id),
    run_key text,
    step_id integer references steps (id),
    path text,
    name text,
    mime_type text,
    size_bytes integer,
    is_missing integer,
    created_at text,
    gone_at text,
    owner integer generated always as (coalesce(story_id, -run_id, 0)) stored,
    unique (source_id, source_key)
);
create index artifacts_path on artifacts (source_id, path);
create index artifacts_owner on artifacts (source_id, owner);
create index artifacts_run on artifacts (run_id);
create index artifacts_story on artifacts (story_id);
create index artifacts_missing on artifacts (source_id) where is_missing;
create index artifacts_unowned on artifacts (source_id, input_id, gone_at)
where story_id is null and story_key is null and run_id is null and run_key is null;
create index artifacts_orphans on artifacts (source_id) where story_key is not null or run_key is not null;

-- A call of a model or another paid service. input_tokens include the cached ones. cost is what the source recorded,
-- estimated_cost what was estimated where it recorded none; where both are null the call is unpriced. A cost without
-- calls of its own (calls = 0) is a bill: it covers its provider's calls of that day, which are not estimated then.
create table calls (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    story_id integer references stories (id),
    story_key text,
    run_id integer references runs (id),
    run_key text,
    step_id integer references steps (id),
    provider text not null default '',
    endpoint text not null default '',
    model text not null default '',
    status text,
    source_status text,
    error_id integer references errors (id),
    error_message text,
    called_at text,
    duration_ms integer,
    calls integer not null default 1,
    input_tokens integer,
    output_tokens integer,
    cache_read_tokens integer,
    cache_write_tokens integer,
    total_tokens integer,
    cost real,
    currency text not null default '',
    estimated_cost real,
    estimated_currency text,
    priced_as text,
    gone_at text,
    is_estimated integer generated always as (cost is null and estimated_cost is not null) stored,
    day text generated always as (substr(coalesce(called_at, ''), 1, 10)) stored,
    unique (source_id, source_key)
);
create index calls_source_day on calls (source_id, day, provider, model);
create index calls_bills on calls (source_id, day, provider) where calls = 0 and cost is not null;
create index calls_without_cost on calls (source_id) where cost is null;
create index calls_run on calls (run_id, called_at);
create index calls_story on calls (story_id);
create index calls_run_key on calls (run_key) where run_key is not null;
create index calls_story_key on calls (story_key) where story_key is not null;
create index calls_orphans on calls (source_id) where story_key is not null or run_key is not null;
create index calls_error on calls (source_id, day) where error_id is not null;
create index calls_unfiled_error on calls (source_id) where error_message is not null and error_id is null;

-- What each call costs, as far as it is known: as recorded, else as estimated. A call is unpriced where neither is
-- known and no bill covers it.
create view priced_calls as
select
    calls.*,
    case when is_estimated then estimated_currency else currency end as price_currency,
    case when is_estimated then estimated_cost else cost end as price,
    case
        when
            cost is null
            and not is_estimated
            and not exists (
                select 1
                from calls as bills
                where
                    bills.source_id = calls.source_id
                    and bills.day = calls.day
                    and bills.provider = calls.provider
                    and bills.calls = 0
                    and bills.cost is not null
            )
            then calls
        else 0
    end as unpriced_calls
from calls;

-- The users' own prices, as they were read; the last ones hold.
create table price_files (
    id integer primary key,
    yaml text not null,
    read_at text not null
);

-- The pieces of a story: nodes of a tree, or scenes in their order (kind).
create table story_nodes (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    kind text not null,
    story_id integer references stories (id),
    story_key text,
    run_id integer references runs (id),
    run_key text,
    position integer,
    is_root integer,
    is_ending integer,
    is_winning_ending integer,
    has_broken_options integer not null default 0,
    text text,
    created_at text,
    gone_at text,
    unique (source_id, source_key)
);
create index story_nodes_story on story_nodes (story_id);
create index story_nodes_run on story_nodes (run_id);
create index story_nodes_roots on story_nodes (source_id) where is_root;
create index story_nodes_orphans on story_nodes (source_id) where story_key is not null or run_key is not null;

create table story_options (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    node_id integer references story_nodes (id),
    node_key text,
    target_id integer references story_nodes (id),
    target_key text,
    position integer not null,
    text text,
    gone_at text,
    unique (source_id, source_key)
);
create index story_options_node on story_options (node_id);
create index story_options_target on story_options (target_id);
create index story_options_orphans on story_options (source_id) where node_key is not null or target_key is not null;

create table log_events (
    id integer primary key,
    source_id integer not null references sources (id),
    source_key text not null,
    input_id integer not null references inputs (id),
    story_id integer references stories (id),
    story_key text,
    run_id integer references runs (id),
    run_key text,
    level text,
    message text,
    metric text,
    value real,
    at text,
    gone_at text,
    day text generated always as (substr(coalesce(at, ''), 1, 10)) stored,
    unique (source_id, source_key)
);
create index log_events_run on log_events (run_id);
create index log_events_metric on log_events (source_id, day) where metric is not null;
create index log_events_run_key on log_events (run_key) where run_key is not null;
create index log_events_orphans on log_events (source_id) where story_key is not null or run_key is not null;
