-- What history adds up to: rollups.sql says how each is made, rollups.py keeps them right.
-- A table of days has a row a day, '' where the source gives no time; the table beside it adds all days up, so that
-- what is asked of the whole history costs what is shown.

-- Steps ----------------------------------------------------------------------------------------------------------
-- Executions are step runs that ended completed or failed; durations are those of completed ones. The day is the one
-- that the step run ended on. A piece of work is a step of one story (or run): first_attempts counts them, by the first
-- attempt that ended; retried those whose first attempt failed and was followed by another; recovered those that
-- were completed by a later attempt and not before.

create table rollup_step_days (
    day text not null,
    source_id integer not null references sources (id),
    family text not null,
    executions integer not null,
    completed integer not null,
    failed integer not null,
    timed integer not null,
    total_ms integer not null,
    max_ms integer,
    p50_ms integer,
    p95_ms integer,
    checked integer not null default 0,
    passed integer not null default 0,
    first_attempts integer not null default 0,
    first_completed integer not null default 0,
    retried integer not null default 0,
    recovered integer not null default 0,
    primary key (day, source_id, family)
) without rowid;
create index rollup_step_days_step on rollup_step_days (source_id, family);

create table rollup_steps (
    source_id integer not null references sources (id),
    family text not null,
    executions integer not null,
    completed integer not null,
    failed integer not null,
    timed integer not null,
    total_ms integer not null,
    max_ms integer,
    p50_ms integer,
    p95_ms integer,
    checked integer not null default 0,
    passed integer not null default 0,
    first_attempts integer not null default 0,
    first_completed integer not null default 0,
    retried integer not null default 0,
    recovered integer not null default 0,
    primary key (source_id, family)
) without rowid;

-- How many timed executions fell into each duration bucket.
create table rollup_step_day_durations (
    day text not null,
    source_id integer not null references sources (id),
    family text not null,
    bucket integer not null references duration_buckets (bucket),
    executions integer not null,
    primary key (day, source_id, family, bucket)
) without rowid;

create table rollup_step_durations (
    source_id integer not null references sources (id),
    family text not null,
    bucket integer not null references duration_buckets (bucket),
    executions integer not null,
    primary key (source_id, family, bucket)
) without rowid;

-- Bucket b holds durations in (gamma^(b-1), gamma^b] ms with gamma = 1.01/0.99 and stands for 2·gamma^b/(gamma+1) ms,
-- which is within 1 % of each of them (DDSketch: Masson, Rim, Lee, VLDB 2019). Bucket -1 holds 0 ms. The last one
-- reaches past a thousand years.
create table duration_buckets (
    bucket integer primary key,
    value_ms real not null
);
insert into duration_buckets (bucket, value_ms)
values (-1, 0.0);
insert into duration_buckets (bucket, value_ms)
with recursive grown (bucket, value_ms) as (
    select
        0,
        2.0 / (1.01 / 0.99 + 1)
    union all
    select
        bucket + 1,
        value_ms * (1.01 / 0.99)
    from grown
    where bucket < 1600
)
select
    bucket,
    value_ms
from grown;

-- Calls ----------------------------------------------------------------------------------------------------------
-- cost is what was recorded plus what was estimated, in one currency; estimated_cost says how much of it is estimated.

create table rollup_call_days (
    day text not null,
    source_id integer not null references sources (id),
    provider text not null,
    model text not null,
    endpoint text not null,
    currency text not null,
    calls integer not null,
    succeeded integer not null,
    timed integer not null,
    total_ms integer not null,
    max_ms integer,
    input_tokens integer,
    output_tokens integer,
    total_tokens integer,
    cost real,
    estimated_cost real,
    unpriced_calls integer not null,
    primary key (day, source_id, provider, model, endpoint, currency)
) without rowid;
create index rollup_call_days_model on rollup_call_days (source_id, provider, model, endpoint, currency);

create table rollup_calls (
    source_id integer not null references sources (id),
    provider text not null,
    model text not null,
    endpoint text not null,
    currency text not null,
    calls integer not null,
    succeeded integer not null,
    timed integer not null,
    total_ms integer not null,
    max_ms integer,
    input_tokens integer,
    output_tokens integer,
    total_tokens integer,
    cost real,
    estimated_cost real,
    unpriced_calls integer not null,
    primary key (source_id, provider, model, endpoint, currency)
) without rowid;

-- How many timed calls fell into each duration bucket.
create table rollup_call_day_durations (
    day text not null,
    source_id integer not null references sources (id),
    provider text not null,
    endpoint text not null,
    bucket integer not null references duration_buckets (bucket),
    calls integer not null,
    primary key (day, source_id, provider, endpoint, bucket)
) without rowid;

create table rollup_call_durations (
    source_id integer not null references sources (id),
    provider text not null,
    endpoint text not null,
    bucket integer not null references duration_buckets (bucket),
    calls integer not null,
    primary key (source_id, provider, endpoint, bucket)
) without rowid;

-- Calls by the step that made them, '' where the source does not say.
create table rollup_step_call_days (
    day text not null,
    source_id integer not null references sources (id),
    family text not null,
    currency text not null,
    calls integer not null,
    total_tokens integer,
    cost real,
    unpriced_calls integer not null,
    primary key (day, source_id, family, currency)
) without rowid;
create index rollup_step_call_days_step on rollup_step_call_days (source_id, family, currency);

create table rollup_step_calls (
    source_id integer not null references sources (id),
    family text not null,
    currency text not null,
    calls integer not null,
    total_tokens integer,
    cost real,
    unpriced_calls integer not null,
    primary key (source_id, family, currency)
) without rowid;

-- Calls of runs that failed: what was spent for nothing. The day is the one that the run ended on.
create table rollup_failed_run_calls (
    run_id integer not null references runs (id),
    source_id integer not null references sources (id),
    family text not null,
    currency text not null,
    day text not null,
    failed_runs integer not null,
    calls integer not null,
    cost real,
    primary key (run_id, family, currency)
) without rowid;
create index rollup_failed_run_calls_day on rollup_failed_run_calls (day);
create index rollup_failed_run_calls_step on rollup_failed_run_calls (source_id, family, currency);

create table rollup_failed_calls (
    source_id integer not null references sources (id),
    family text not null,
    currency text not null,
    failed_runs integer not null,
    calls integer not null,
    cost real,
    primary key (source_id, family, currency)
) without rowid;

-- Calls of a story, and (through the index) the dearest stories first.
create table rollup_story_calls (
    story_id integer not null references stories (id),
    source_id integer not null references sources (id),
    currency text not null,
    calls integer not null,
    total_tokens integer,
    cost real,
    primary key (story_id, currency)
) without rowid;
create index rollup_story_calls_cost on rollup_story_calls (cost desc, calls desc);

-- Errors ---------------------------------------------------------------------------------------------------------
-- Occurrences are step runs and calls that ended with the error, and runs of which nothing within did.

create table rollup_error_days (
    day text not null,
    source_id integer not null references sources (id),
    error_id integer not null references errors (id),
    family text not null,
    occurrences integer not null,
    first_seen text,
    last_seen text,
    primary key (day, source_id, error_id, family)
) without rowid;
create index rollup_error_days_error on rollup_error_days (error_id, source_id, family);

create table rollup_errors (
    error_id integer not null references errors (id),
    source_id integer not null references sources (id),
    family text not null,
    occurrences integer not null,
    first_seen text,
    last_seen text,
    primary key (error_id, source_id, family)
) without rowid;

-- The stories that an error struck: stories is 1 in each row, and what it adds up to in the table beside it.
create table rollup_story_errors (
    story_id integer not null references stories (id),
    source_id integer not null references sources (id),
    error_id integer not null references errors (id),
    stories integer not null,
    primary key (story_id, error_id)
) without rowid;

create table rollup_error_stories (
    source_id integer not null references sources (id),
    error_id integer not null references errors (id),
    stories integer not null,
    primary key (error_id, source_id)
) without rowid;

-- Work by day ----------------------------------------------------------------------------------------------------

create table rollup_source_days (
    day text not null,
    source_id integer not null references sources (id),
    stories_started integer not null,
    stories_completed integer not null,
    runs_completed integer not null,
    runs_failed integer not null,
    primary key (day, source_id)
) without rowid;

create table rollup_theme_days (
    day text not null,
    source_id integer not null references sources (id),
    theme text not null,
    jobs integer not null,
    completed integer not null,
    failed integer not null,
    timed integer not null,
    total_ms integer not null,
    primary key (day, source_id, theme)
) without rowid;
create index rollup_theme_days_theme on rollup_theme_days (source_id, theme);

create table rollup_themes (
    source_id integer not null references sources (id),
    theme text not null,
    jobs integer not null,
    completed integer not null,
    failed integer not null,
    timed integer not null,
    total_ms integer not null,
    primary key (source_id, theme)
) without rowid;

create table rollup_session_days (
    day text not null,
    source_id integer not null references sources (id),
    session_hash text not null,
    stories integer not null,
    jobs integer not null,
    failed_jobs integer not null,
    first_seen text,
    last_seen text,
    primary key (day, source_id, session_hash)
) without rowid;
create index rollup_session_days_session on rollup_session_days (source_id, session_hash);

create table rollup_sessions (
    source_id integer not null references sources (id),
    session_hash text not null,
    stories integer not null,
    jobs integer not null,
    failed_jobs integer not null,
    first_seen text,
    last_seen text,
    primary key (source_id, session_hash)
) without rowid;
create index rollup_sessions_jobs on rollup_sessions (jobs desc, stories desc);

-- Logs -----------------------------------------------------------------------------------------------------------

create table rollup_log_days (
    day text not null,
    source_id integer not null references sources (id),
    metric text not null,
    samples integer not null,
    total real,
    primary key (day, source_id, metric)
) without rowid;
create index rollup_log_days_metric on rollup_log_days (source_id, metric);

create table rollup_logs (
    source_id integer not null references sources (id),
    metric text not null,
    samples integer not null,
    total real,
    primary key (source_id, metric)
) without rowid;

-- Warnings that a run (by its id, or as the source calls it where it leads nowhere) gave more than once.
create table rollup_warnings (
    run text not null,
    source_id integer not null references sources (id),
    message text not null,
    occurrences integer not null,
    first_seen text,
    last_seen text,
    primary key (run, source_id, message)
) without rowid;

-- Files ----------------------------------------------------------------------------------------------------------

-- The owner is the story's id, or minus the run's where there is no story, or 0; stories is 1 for a story.
create table rollup_owner_artifacts (
    owner integer not null,
    source_id integer not null references sources (id),
    kind text not null,
    files integer not null,
    total_bytes integer,
    stories integer not null,
    primary key (owner, source_id, kind)
) without rowid;
create index rollup_owner_artifacts_kind on rollup_owner_artifacts (source_id, kind);

create table rollup_artifacts (
    source_id integer not null references sources (id),
    kind text not null,
    files integer not null,
    total_bytes integer,
    stories integer not null,
    primary key (source_id, kind)
) without rowid;
