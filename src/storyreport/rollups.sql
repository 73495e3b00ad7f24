-- What history adds up to: each section is `-- group: table`, made of the rows of the group that touched_<group> names.
-- rollups.py says what the groups are, and adds days up to totals; nothing here knows what was there before.

-- step_days: facts
-- One pass over the rows, as fine as the rollups need; these are made of it.
select
    counted.source_id,
    counted.family,
    counted.day,
    counted.status,
    case when counted.status = 'completed' then duration_bucket(counted.duration_ms) end as bucket,
    counted.acceptance_passed,
    counted.attempt > 1 as is_retry,
    sum(
        counted.attempt is 2
        and exists (
            select 1
            from main.step_runs as earlier
            where
                earlier.story_id = counted.story_id
                and earlier.step_id = counted.step_id
                and earlier.attempt = 1
                and earlier.status = 'failed'
        )
    ) as retried,
    sum(
        coalesce(counted.attempt, 1) > 1
        and counted.status is 'completed'
        and not exists (
            select 1
            from main.step_runs as earlier
            where
                earlier.story_id = counted.story_id
                and earlier.step_id = counted.step_id
                and earlier.attempt < counted.attempt
                and earlier.status = 'completed'
        )
    ) as recovered,
    count(*) as rows,
    sum(counted.duration_ms) as total_ms,
    max(counted.duration_ms) as max_ms
from counted_step_runs as counted
where
    counted.status in ('completed', 'failed')
    or counted.acceptance_passed is not null
group by 1, 2, 3, 4, 5, 6, 7;

-- step_days: rollup_step_day_durations
select
    day,
    source_id,
    family,
    bucket,
    sum(rows) as executions
from temp.facts
where bucket is not null
group by day, source_id, family, bucket;

-- step_days: rollup_step_days
with cumulated as (
    select
        day,
        source_id,
        family,
        bucket,
        sum(executions) over (partition by day, source_id, family order by bucket) as reached,
        sum(executions) over (partition by day, source_id, family) as timed
    from (
        select
            day,
            source_id,
            family,
            bucket,
            sum(rows) as executions
        from temp.facts
        where bucket is not null
        group by day, source_id, family, bucket
    )
),

percentiles as (
    select
        day,
        source_id,
        family,
        min(case when 100 * reached >= 50 * timed then bucket end) as p50_bucket,
        min(case when 100 * reached >= 95 * timed then bucket end) as p95_bucket
    from cumulated
    group by day, source_id, family
),

days as (
    select
        day,
        source_id,
        family,
        sum(case when status in ('completed', 'failed') then rows else 0 end) as executions,
        sum(case when status = 'completed' then rows else 0 end) as completed,
        sum(case when status = 'failed' then rows else 0 end) as failed,
        sum(case when bucket is not null then rows else 0 end) as timed,
        sum(case when bucket is not null then total_ms else 0 end) as total_ms,
        max(case when bucket is not null then max_ms end) as max_ms,
        sum(case when acceptance_passed is not null then rows else 0 end) as checked,
        sum(case when acceptance_passed = 1 then rows else 0 end) as passed,
        sum(case when is_retry is not 1 and status in ('completed', 'failed') then rows else 0 end) as first_attempts,
        sum(case when is_retry is not 1 and status = 'completed' then rows else 0 end) as first_completed,
        sum(retried) as retried,
        sum(recovered) as recovered
    from temp.facts
    group by day, source_id, family
)

select
    days.day,
    days.source_id,
    days.family,
    days.executions,
    days.completed,
    days.failed,
    days.timed,
    days.total_ms,
    days.max_ms,
    min(cast(round(p50.value_ms) as integer), days.max_ms) as p50_ms,
    min(cast(round(p95.value_ms) as integer), days.max_ms) as p95_ms,
    days.checked,
    days.passed,
    days.first_attempts,
    days.first_completed,
    days.retried,
    days.recovered
from days
left join percentiles using (day, source_id, family)
left join main.duration_buckets as p50 on p50.bucket = percentiles.p50_bucket
left join main.duration_buckets as p95 on p95.bucket = percentiles.p95_bucket;

-- step_days: percentiles of rollup_steps
with cumulated as (
    select
        source_id,
        family,
        bucket,
        sum(executions) over (partition by source_id, family order by bucket) as reached,
        sum(executions) over (partition by source_id, family) as timed
    from main.rollup_step_durations
    where (source_id, family) in (select source_id, family from temp.changed_rollup_steps)
),

percentiles as (
    select
        source_id,
        family,
        min(case when 100 * reached >= 50 * timed then bucket end) as p50_bucket,
        min(case when 100 * reached >= 95 * timed then bucket end) as p95_bucket
    from cumulated
    group by source_id, family
)

update main.rollup_steps
set
    p50_ms = min(cast(round(p50.value_ms) as integer), rollup_steps.max_ms),
    p95_ms = min(cast(round(p95.value_ms) as integer), rollup_steps.max_ms)
from percentiles
join main.duration_buckets as p50 on p50.bucket = percentiles.p50_bucket
join main.duration_buckets as p95 on p95.bucket = percentiles.p95_bucket
where
    rollup_steps.source_id = percentiles.source_id
    and rollup_steps.family = percentiles.family;

-- call_days: rollup_call_days
select
    day,
    source_id,
    provider,
    model,
    endpoint,
    price_currency as currency,
    sum(calls) as calls,
    sum(case when status = 'completed' then calls else 0 end) as succeeded,
    count(duration_ms) as timed,
    coalesce(sum(duration_ms), 0) as total_ms,
    max(duration_ms) as max_ms,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(coalesce(total_tokens, input_tokens + output_tokens)) as total_tokens,
    sum(price) as cost,
    sum(case when is_estimated then estimated_cost end) as estimated_cost,
    sum(unpriced_calls) as unpriced_calls
from counted_calls
group by day, source_id, provider, model, endpoint, price_currency;

-- call_days: rollup_call_day_durations
select
    day,
    source_id,
    provider,
    endpoint,
    duration_bucket(duration_ms) as bucket,
    count(*) as calls
from counted_calls
where duration_ms is not null
group by day, source_id, provider, endpoint, bucket;

-- call_days: rollup_step_call_days
select
    counted.day,
    counted.source_id,
    coalesce(steps.family, '') as family,
    counted.price_currency as currency,
    sum(counted.calls) as calls,
    sum(coalesce(counted.total_tokens, counted.input_tokens + counted.output_tokens)) as total_tokens,
    sum(counted.price) as cost,
    sum(counted.unpriced_calls) as unpriced_calls
from counted_calls as counted
left join main.steps on steps.id = counted.step_id
group by counted.day, counted.source_id, coalesce(steps.family, ''), counted.price_currency;

-- failed_runs: rollup_failed_run_calls
select
    runs.id as run_id,
    runs.source_id,
    coalesce(steps.family, '') as family,
    priced_calls.price_currency as currency,
    runs.day,
    1 as failed_runs,
    sum(priced_calls.calls) as calls,
    sum(priced_calls.price) as cost
from temp.touched_failed_runs as touched
cross join main.runs on runs.id = touched.run_id
cross join priced_calls on priced_calls.run_id = runs.id
left join main.steps on steps.id = priced_calls.step_id
where runs.status = 'failed'
group by runs.id, coalesce(steps.family, ''), priced_calls.price_currency;

-- story_calls: rollup_story_calls
select
    calls.story_id,
    calls.source_id,
    calls.price_currency as currency,
    sum(calls.calls) as calls,
    sum(coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens)) as total_tokens,
    sum(calls.price) as cost
from temp.touched_story_calls as touched
cross join priced_calls as calls on calls.story_id = touched.story_id
group by calls.story_id, calls.source_id, calls.price_currency;

-- error_days: rollup_error_days
select
    day,
    source_id,
    error_id,
    family,
    count(*) as occurrences,
    min(seen_at) as first_seen,
    max(seen_at) as last_seen
from (
    select
        step_runs.day,
        step_runs.source_id,
        step_runs.error_id,
        steps.family,
        coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at) as seen_at
    from temp.touched_error_days as touched
    cross join main.step_runs
        on
            step_runs.source_id = touched.source_id
            and step_runs.day = touched.day
            and step_runs.error_id is not null
    join main.steps on steps.id = step_runs.step_id
    union all
    select
        calls.day,
        calls.source_id,
        calls.error_id,
        coalesce(steps.family, '') as family,
        calls.called_at as seen_at
    from temp.touched_error_days as touched
    cross join main.calls
        on
            calls.source_id = touched.source_id
            and calls.day = touched.day
            and calls.error_id is not null
    left join main.steps on steps.id = calls.step_id
    union all
    select
        runs.day,
        runs.source_id,
        runs.error_id,
        '' as family,
        coalesce(runs.ended_at, runs.last_activity_at, runs.started_at) as seen_at
    from temp.touched_error_days as touched
    cross join main.runs
        on
            runs.source_id = touched.source_id
            and runs.day = touched.day
            and runs.error_id is not null
    where
        not exists (
            select 1
            from main.step_runs
            where
                step_runs.run_id = runs.id
                and step_runs.error_id is not null
        )
)
group by day, source_id, error_id, family;

-- story_errors: rollup_story_errors
select distinct
    struck.story_id,
    struck.source_id,
    struck.error_id,
    1 as stories
from temp.touched_story_errors as touched
cross join (
    select
        story_id,
        source_id,
        error_id
    from main.step_runs
    where error_id is not null
    union all
    select
        story_id,
        source_id,
        error_id
    from main.runs
    where error_id is not null
    union all
    select
        story_id,
        source_id,
        error_id
    from main.calls
    where error_id is not null
) as struck on struck.story_id = touched.story_id;

-- source_days: rollup_source_days
select
    touched.day,
    touched.source_id,
    (
        select count(*)
        from main.stories
        where
            stories.source_id = touched.source_id
            and stories.day = touched.day
    ) as stories_started,
    (
        select count(*)
        from main.stories
        where
            stories.source_id = touched.source_id
            and stories.end_day = touched.day
            and stories.ended_at is not null
            and stories.status = 'completed'
    ) as stories_completed,
    coalesce(sum(runs.status = 'completed'), 0) as runs_completed,
    coalesce(sum(runs.status = 'failed'), 0) as runs_failed
from temp.touched_source_days as touched
left join main.runs
    on
        runs.source_id = touched.source_id
        and runs.day = touched.day
group by touched.day, touched.source_id
having stories_started + stories_completed + runs_completed + runs_failed > 0;

-- source_days: rollup_theme_days
select
    runs.day,
    runs.source_id,
    runs.theme,
    count(*) as jobs,
    sum(runs.status = 'completed') as completed,
    sum(runs.status = 'failed') as failed,
    count(case when runs.status = 'completed' then runs.duration_ms end) as timed,
    coalesce(sum(case when runs.status = 'completed' then runs.duration_ms end), 0) as total_ms
from temp.touched_source_days as touched
cross join main.runs
    on
        runs.source_id = touched.source_id
        and runs.day = touched.day
where runs.theme is not null
group by runs.day, runs.source_id, runs.theme;

-- source_days: rollup_session_days
select
    day,
    source_id,
    session_hash,
    sum(is_story) as stories,
    sum(not is_story) as jobs,
    sum(is_failed) as failed_jobs,
    min(seen_at) as first_seen,
    max(seen_at) as last_seen
from (
    select
        runs.day,
        runs.source_id,
        runs.session_hash,
        0 as is_story,
        runs.status is 'failed' as is_failed,
        coalesce(runs.queued_at, runs.started_at, runs.ended_at) as seen_at
    from temp.touched_source_days as touched
    cross join main.runs
        on
            runs.source_id = touched.source_id
            and runs.day = touched.day
    where runs.session_hash is not null
    union all
    select
        stories.day,
        stories.source_id,
        stories.session_hash,
        1 as is_story,
        0 as is_failed,
        stories.created_at as seen_at
    from temp.touched_source_days as touched
    cross join main.stories
        on
            stories.source_id = touched.source_id
            and stories.day = touched.day
    where stories.session_hash is not null
)
group by day, source_id, session_hash;

-- log_days: rollup_log_days
select
    log_events.day,
    log_events.source_id,
    log_events.metric,
    count(*) as samples,
    sum(log_events.value) as total
from temp.touched_log_days as touched
cross join main.log_events
    on
        log_events.source_id = touched.source_id
        and log_events.day = touched.day
        and log_events.metric is not null
group by log_events.day, log_events.source_id, log_events.metric;

-- warned_runs: rollup_warnings
select
    run,
    source_id,
    message,
    count(*) as occurrences,
    min(at) as first_seen,
    max(at) as last_seen
from (
    select
        touched.run,
        log_events.source_id,
        log_events.message,
        log_events.at
    from temp.touched_warned_runs as touched
    cross join main.runs on runs.source_id = touched.source_id and runs.source_key = touched.run
    cross join main.log_events on log_events.run_id = runs.id
    where log_events.level in ('warn', 'warning')
    union all
    select
        touched.run,
        log_events.source_id,
        log_events.message,
        log_events.at
    from temp.touched_warned_runs as touched
    cross join main.log_events on log_events.run_key = touched.run and log_events.source_id = touched.source_id
    where log_events.level in ('warn', 'warning')
)
group by run, source_id, message
having count(*) > 1;

-- artifact_owners: rollup_owner_artifacts
select
    touched.owner,
    artifacts.source_id,
    artifacts.kind,
    count(*) as files,
    sum(artifacts.size_bytes) as total_bytes,
    touched.owner > 0 as stories
from temp.touched_artifact_owners as touched
cross join main.artifacts
    on
        artifacts.source_id = touched.source_id
        and artifacts.owner = touched.owner
where artifacts.gone_at is null
group by touched.owner, artifacts.source_id, artifacts.kind;
