-- What history adds up to: rollups.sql says how each is made, rollups.py keeps them right.
-- A table of days has a row a day, '' where the source gives no time; the table beside it adds all days up, so that
-- what is asked of the whole history costs what is shown.

-- Steps ----------------------------------------------------------------------------------------------------------
-- Executions are step runs that ended completed or failed; durations are those of completed ones. The day is the one
-- that the step run ended on. A piece of work is a step of one story (or run): first_attempts counts them, by the first
-- attempt that ended; retried those whose first attempt failed and was followed by another; recovered those that
-- were completed by a later attempt and not before.

-- Attempts at one piece of work: a step of a story (by its key where that leads nowhere) or, without one, of a run.
create view same_work as
select
    step_runs.id as step_run_id,
    others.step_id,
    others.source_id,
    others.day,
    others.attempt,
    others.status
from step_runs
cross join step_runs as others
    on
        others.story_id = step_runs.story_id
        and others.step_id = step_runs.step_id
union all
select
    step_runs.id,
    others.step_id,
    others.source_id,
    others.day,
    others.attempt,
    others.status
from step_runs
cross join step_runs as others
    on
        others.story_key = step_runs.story_key
        and +others.step_id = step_runs.step_id
union all
select
    step_runs.id,
    others.step_id,
    others.source_id,
    others.day,
    others.attempt,
    others.status
from step_runs
cross join step_runs as others
    on
        others.run_id = step_runs.run_id
        and +others.step_id = step_runs.step_id
where
    coalesce(step_runs.story_id, step_runs.story_key) is null
    and coalesce(others.story_id, others.story_key) is null;

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
    failed integer not null default 0,
    timed integer not null,
    total_ms integer not null,
    max_ms integer,
    input_tokens integer,
    output_tokens integer,
    total_tokens integer,
    cost real,
    estimated_cost real,
    unpriced_calls integer not null,
    primary key (day, source_id, provider, model, currency, endpoint)
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
    failed integer not null default 0,
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

-- Calls by the step that made them; where the source names none, by what was called: the endpoint.
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

-- Calls of runs that failed: what was spent for nothing. The day is that of the calls; failed_runs is 1 on the first
-- day of a run, so that it adds up to runs.
create table rollup_failed_run_calls (
    run_id integer not null references runs (id),
    source_id integer not null references sources (id),
    family text not null,
    currency text not null,
    day text not null,
    failed_runs integer not null,
    calls integer not null,
    cost real,
    unpriced_calls integer not null,
    primary key (run_id, family, currency, day)
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
    unpriced_calls integer not null,
    primary key (source_id, family, currency)
) without rowid;

-- Calls of a story, and (through the index) the dearest stories first.
create table rollup_story_calls (
    story_id integer not null references stories (id),
    source_id integer not null references sources (id),
    currency text not null,
    first_day text not null,
    last_day text not null,
    calls integer not null,
    total_tokens integer,
    cost real,
    unpriced_calls integer not null,
    primary key (story_id, currency)
) without rowid;
create index rollup_story_calls_cost on rollup_story_calls (
    cost desc,
    calls desc,
    story_id,
    source_id,
    first_day,
    last_day
);
create index rollup_story_calls_days on rollup_story_calls (last_day, first_day, source_id);

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
    first_day text not null,
    last_day text not null,
    stories integer not null,
    primary key (story_id, error_id)
) without rowid;
create index rollup_story_errors_days on rollup_story_errors (error_id, last_day, first_day, source_id);

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
create index rollup_warnings_occurrences on rollup_warnings (occurrences desc, last_seen desc);

-- Trees ----------------------------------------------------------------------------------------------------------

-- What is unsound in the tree of a story; node is '' where it is the tree as a whole.
create table rollup_tree_problems (
    story_id integer not null references stories (id),
    source_id integer not null references sources (id),
    problem text not null,
    node text not null,
    detail text not null,
    primary key (story_id, problem, node, detail)
) without rowid;

-- The depth is how many options the farthest node is away from the root. Through the index the worst trees come first.
create table rollup_story_trees (
    story_id integer primary key references stories (id),
    source_id integer not null references sources (id),
    nodes integer not null,
    endings integer not null,
    winning_endings integer not null,
    depth integer not null,
    problems integer not null
);
create index rollup_story_trees_problems on rollup_story_trees (problems desc, nodes desc);

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

-- Where the files and the statuses of a story do not agree, of sources whose outputs were read. step is '' for a run
-- as a whole; mismatches is 1 in each row, and what it adds up to in the table beside it.
create table rollup_story_mismatches (
    story_id integer not null references stories (id),
    step text not null,
    source_id integer not null references sources (id),
    problem text not null,
    path text,
    mismatches integer not null,
    primary key (story_id, step)
) without rowid;

create table rollup_mismatches (
    source_id integer not null references sources (id),
    problem text not null,
    mismatches integer not null,
    primary key (source_id, problem)
) without rowid;

-- Pruned detail --------------------------------------------------------------------------------------------------
-- What rows that were pruned add to the rollups of their stories and runs. Those of days need no such memory: a day
-- whose detail was pruned is closed, and stays as it is.

create table pruned_calls (
    source_id integer not null references sources (id),
    story_id integer references stories (id),
    run_id integer references runs (id),
    day text not null,
    family text not null,
    currency text not null,
    calls integer not null,
    total_tokens integer,
    cost real,
    unpriced_calls integer not null
);
create index pruned_calls_story on pruned_calls (story_id) where story_id is not null;
create index pruned_calls_run on pruned_calls (run_id) where run_id is not null;
create index pruned_calls_day on pruned_calls (source_id, day);

create table pruned_errors (
    error_id integer not null references errors (id),
    day text not null,
    story_id integer not null references stories (id),
    source_id integer not null references sources (id),
    primary key (error_id, day, story_id)
) without rowid;
create index pruned_errors_story on pruned_errors (story_id);

create table pruned_warnings (
    source_id integer not null references sources (id),
    run text not null,
    message text not null,
    occurrences integer not null,
    first_seen text,
    last_seen text
);
create index pruned_warnings_run on pruned_warnings (source_id, run);

-- What is wrong now ----------------------------------------------------------------------------------------------
-- Each finding as a row, small enough to be looked for anew: partial indexes hold just these.

-- What points at nothing, once: where both its run and its story are missing, the run is named. What was derived from
-- other rows is not listed beside them. Where a source's stories were not read at all, none is missed.
create view orphaned_rows as
select
    source_id,
    kind,
    key,
    case when run_key is null then 'story' else 'run' end as missing,
    coalesce(run_key, story_key) as missing_key,
    seen_at
from (
    select
        source_id,
        case kind when 'job' then 'job' else 'run' end as kind,
        source_key as key,
        parent_key as run_key,
        story_key,
        coalesce(started_at, queued_at, last_activity_at) as seen_at
    from runs
    where
        (story_key is not null or parent_key is not null)
        and gone_at is null
        and not is_derived
    union all
    select
        source_id,
        'step_run' as kind,
        source_key as key,
        run_key,
        story_key,
        coalesce(ended_at, started_at, last_activity_at, queued_at) as seen_at
    from step_runs
    where
        (story_key is not null or run_key is not null)
        and gone_at is null
        and not is_derived
    union all
    select
        source_id,
        'event' as kind,
        source_key as key,
        run_key,
        story_key,
        at as seen_at
    from events
    where
        (story_key is not null or run_key is not null)
        and gone_at is null
    union all
    select
        source_id,
        'artifact' as kind,
        source_key as key,
        run_key,
        story_key,
        created_at as seen_at
    from artifacts
    where
        (story_key is not null or run_key is not null)
        and gone_at is null
    union all
    select
        source_id,
        'call' as kind,
        source_key as key,
        run_key,
        story_key,
        called_at as seen_at
    from calls
    where
        (story_key is not null or run_key is not null)
        and gone_at is null
    union all
    select
        source_id,
        kind,
        source_key as key,
        run_key,
        story_key,
        created_at as seen_at
    from story_nodes
    where
        (story_key is not null or run_key is not null)
        and gone_at is null
) as lost
where
    run_key is not null
    or exists (
        select 1
        from stories
        where stories.source_id = lost.source_id
    );

-- Work that says it is running, and its last sign of life ('' for none): an update, an event, a call, a file. A derived
-- run has no state but that of its step runs, which are judged one by one.
create view running_work as
select
    runs.source_id,
    runs.kind,
    runs.source_key as run,
    runs.story_id,
    runs.story_key,
    runs.current_step as step,
    runs.started_at,
    max(
        coalesce(runs.last_activity_at, ''),
        coalesce(runs.started_at, ''),
        coalesce((select max(at) from events where events.run_id = runs.id), ''),
        coalesce((select max(called_at) from calls where calls.run_id = runs.id), ''),
        coalesce((select max(created_at) from artifacts where artifacts.run_id = runs.id), ''),
        coalesce(
            (
                select max(coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at))
                from step_runs
                where step_runs.run_id = runs.id
            ),
            ''
        )
    ) as last_sign
from runs
where
    runs.status in ('queued', 'running', 'waiting')
    and runs.status = 'running'
    and not runs.is_derived
    and runs.gone_at is null
union all
select
    step_runs.source_id,
    step_runs.kind,
    coalesce(runs.source_key, step_runs.run_key) as run,
    step_runs.story_id,
    step_runs.story_key,
    steps.name as step,
    step_runs.started_at,
    max(coalesce(step_runs.last_activity_at, ''), coalesce(step_runs.started_at, '')) as last_sign
from step_runs
join steps on steps.id = step_runs.step_id
left join runs on runs.id = step_runs.run_id
where
    step_runs.status in ('queued', 'running', 'waiting')
    and step_runs.status = 'running'
    and step_runs.gone_at is null;

-- Files that the records of their source have and the disk has not, and the other way round.
create view file_problems as
select
    source_id,
    story_id,
    'completed_without_output' as problem,
    path
from artifacts indexed by artifacts_missing
where
    is_missing
    and gone_at is null
union all
select
    artifacts.source_id,
    null as story_id,
    'output_without_completion' as problem,
    artifacts.path
from artifacts indexed by artifacts_unowned
join inputs on inputs.id = artifacts.input_id
where
    artifacts.story_id is null
    and artifacts.story_key is null
    and artifacts.run_id is null
    and artifacts.run_key is null
    and artifacts.gone_at is null
    and inputs.part = 'outputs'
    and exists (
        select 1
        from stories
        where stories.source_id = artifacts.source_id
    );

-- Why rows, or values of rows, could not be loaded.
create view reject_reasons as
select
    source_id,
    severity,
    source_table,
    reason,
    count(*) as rows,
    coalesce(min(source_key), 'row ' || min(source_row)) as example
from rejects
group by source_id, severity, source_table, reason;

create view unknown_statuses as
select
    source_id,
    kind,
    source_status,
    count(*) as rows
from (
    select
        source_id,
        kind,
        source_status
    from runs
    where
        status is null
        and gone_at is null
        and not is_derived
    union all
    select
        source_id,
        kind,
        source_status
    from step_runs
    where
        status is null
        and gone_at is null
)
group by source_id, kind, source_status;

-- Work that ended before it began, apart by whether a time zone may explain it (none is further west than half a day),
-- with the row that ends earliest. Each table is grouped as its index gives the rows, then the few groups are.
create view early_ends as
select
    source_id,
    is_far,
    sum(rows) as rows,
    max(days) as days,
    kind,
    source_key,
    started_at,
    ended_at
from (
    select
        source_id,
        0 as is_far,
        count(*) as rows,
        max(julianday(started_at) - julianday(ended_at)) as days,
        kind,
        source_key,
        started_at,
        ended_at
    from runs
    where
        ended_at < started_at
        and gone_at is null
        and not is_derived
        and julianday(started_at) - julianday(ended_at) <= 0.5
    group by source_id
    union all
    select
        source_id,
        1,
        count(*),
        max(julianday(started_at) - julianday(ended_at)),
        kind,
        source_key,
        started_at,
        ended_at
    from runs
    where
        ended_at < started_at
        and gone_at is null
        and not is_derived
        and julianday(started_at) - julianday(ended_at) > 0.5
    group by source_id
    union all
    select
        source_id,
        0,
        count(*),
        max(julianday(started_at) - julianday(ended_at)),
        kind,
        source_key,
        started_at,
        ended_at
    from step_runs
    where
        ended_at < started_at
        and gone_at is null
        and not is_derived
        and julianday(started_at) - julianday(ended_at) <= 0.5
    group by source_id
    union all
    select
        source_id,
        1,
        count(*),
        max(julianday(started_at) - julianday(ended_at)),
        kind,
        source_key,
        started_at,
        ended_at
    from step_runs
    where
        ended_at < started_at
        and gone_at is null
        and not is_derived
        and julianday(started_at) - julianday(ended_at) > 0.5
    group by source_id
)
group by source_id, is_far;

-- Stories now ----------------------------------------------------------------------------------------------------
-- Only stories that wait or fail are here. The story is its key in the source, which may have no story of that key.

-- The step (its name, '' where none is named) that a story waits for.
create table rollup_pending_steps (
    source_id integer not null references sources (id),
    story text not null,
    next_step text not null,
    waiting_since text,
    primary key (source_id, story, next_step)
) without rowid;
create index rollup_pending_steps_since on rollup_pending_steps (waiting_since);

-- Steps whose latest attempt failed, by the step run; and failed runs in which no step has, by minus the run.
create table rollup_failed_steps (
    source_id integer not null references sources (id),
    story text not null,
    failure integer not null,
    failed_at text,
    primary key (source_id, story, failure)
) without rowid;
create index rollup_failed_steps_at on rollup_failed_steps (failed_at desc);

-- How many attempts of whatever step have failed since the last one that did not; and whether its source calls the
-- story blocked.
create table rollup_failing_stories (
    source_id integer not null references sources (id),
    story text not null,
    consecutive_failures integer not null,
    is_blocked integer not null,
    step_run_id integer references step_runs (id),
    run_id integer references runs (id),
    last_failed_at text,
    primary key (source_id, story)
) without rowid;
create index rollup_failing_stories_failures
on rollup_failing_stories (consecutive_failures desc, last_failed_at desc);
create index rollup_failing_stories_blocked on rollup_failing_stories (source_id) where is_blocked;
