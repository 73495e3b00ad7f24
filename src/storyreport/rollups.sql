-- What history adds up to: each section is `-- group: table`, made of the rows of the group that touched_<group> names.
-- rollups.py says what the groups are, and adds days up to totals; nothing here knows what was there before.

-- step_days: facts
-- One pass over the rows, as fine as the rollups need; these are made of it. (A CASE looks further only where it must;
-- of an AND, SQLite computes both sides.)
select
    counted.step_id,
    counted.day,
    case when counted.status = 'completed' then duration_bucket(counted.duration_ms) end as bucket,
    counted.attempt > 1 as is_retry,
    counted.acceptance_passed,
    counted.status,
    sum(
        case
            when counted.attempt is not 2 then 0
            else exists (
                select 1
                from main.same_work as earlier
                where
                    earlier.step_run_id = counted.id
                    and earlier.attempt = 1
                    and earlier.status = 'failed'
            )
        end
    ) as retried,
    sum(
        case
            when coalesce(counted.attempt, 1) = 1 or counted.status is not 'completed' then 0
            else not exists (
                select 1
                from main.same_work as earlier
                where
                    earlier.step_run_id = counted.id
                    and earlier.attempt < counted.attempt
                    and earlier.status = 'completed'
            )
        end
    ) as recovered,
    count(*) as rows,
    sum(counted.duration_ms) as total_ms,
    max(counted.duration_ms) as max_ms
from counted_step_runs as counted
where
    counted.status in ('completed', 'failed')
    or counted.acceptance_passed is not null
group by 1, 2, 3, 4, 5, 6;

-- step_days: rollup_step_day_durations
select
    facts.day,
    steps.source_id,
    steps.family,
    facts.bucket,
    sum(facts.rows) as executions
from temp.facts
join main.steps on steps.id = facts.step_id
where facts.bucket is not null
group by facts.day, steps.source_id, steps.family, facts.bucket;

-- step_days: rollup_step_days
with days as materialized (
    select
        facts.day,
        steps.source_id,
        steps.family,
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
    join main.steps on steps.id = facts.step_id
    group by facts.day, steps.source_id, steps.family
),

-- How many of a day's executions took no longer than this bucket.
cumulated as (
    select
        day,
        source_id,
        family,
        bucket,
        sum(executions) over (partition by day, source_id, family order by bucket) as reached
    from main.rollup_step_day_durations
    where (day, source_id, family) in (
        select
            day,
            source_id,
            family
        from days
    )
),

percentiles as (
    select
        cumulated.day,
        cumulated.source_id,
        cumulated.family,
        min(case when 100 * cumulated.reached >= 50 * days.timed then cumulated.bucket end) as p50_bucket,
        min(case when 100 * cumulated.reached >= 95 * days.timed then cumulated.bucket end) as p95_bucket
    from cumulated
    join days using (day, source_id, family)
    group by cumulated.day, cumulated.source_id, cumulated.family
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
    price_currency as currency,
    sum(calls) as calls,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(coalesce(total_tokens, input_tokens + output_tokens)) as total_tokens,
    sum(price) as cost,
    sum(case when is_estimated then estimated_cost end) as estimated_cost,
    sum(unpriced_calls) as unpriced_calls
from counted_calls
group by day, source_id, provider, model, price_currency;

-- call_days: rollup_endpoint_days
select
    day,
    source_id,
    provider,
    endpoint,
    sum(calls) as calls,
    sum(case when status = 'completed' then calls else 0 end) as succeeded,
    sum(case when status = 'failed' then calls else 0 end) as failed,
    count(duration_ms) as timed,
    coalesce(sum(duration_ms), 0) as total_ms,
    max(duration_ms) as max_ms
from counted_calls
group by day, source_id, provider, endpoint;

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
    coalesce(steps.family, counted.endpoint) as family,
    counted.price_currency as currency,
    sum(counted.calls) as calls,
    sum(coalesce(counted.total_tokens, counted.input_tokens + counted.output_tokens)) as total_tokens,
    sum(counted.price) as cost,
    sum(counted.unpriced_calls) as unpriced_calls
from counted_calls as counted
left join main.steps on steps.id = counted.step_id
group by counted.day, counted.source_id, coalesce(steps.family, counted.endpoint), counted.price_currency;

-- failed_runs: rollup_failed_run_calls
select
    run_id,
    source_id,
    family,
    currency,
    day,
    row_number() over (partition by run_id, family, currency order by day) = 1 as failed_runs,
    sum(calls) as calls,
    sum(cost) as cost,
    sum(unpriced_calls) as unpriced_calls
from (
    select
        runs.id as run_id,
        runs.source_id,
        coalesce(steps.family, calls.endpoint) as family,
        calls.price_currency as currency,
        calls.day,
        calls.calls,
        calls.price as cost,
        calls.unpriced_calls
    from temp.touched_failed_runs as touched
    cross join main.runs on runs.id = touched.run_id
    -- A run that has gone from the source is what its calls refer to by its key; + keeps the planner to that index.
    cross join priced_calls as calls
        on
            calls.run_id = runs.id
            or (calls.run_key = runs.source_key and +calls.source_id = runs.source_id)
    left join main.steps on steps.id = calls.step_id
    where runs.status = 'failed'
    union all
    select
        runs.id,
        runs.source_id,
        pruned_calls.family,
        pruned_calls.currency,
        pruned_calls.day,
        pruned_calls.calls,
        pruned_calls.cost,
        pruned_calls.unpriced_calls
    from temp.touched_failed_runs as touched
    cross join main.runs on runs.id = touched.run_id
    cross join main.pruned_calls on pruned_calls.run_id = runs.id
    where runs.status = 'failed'
)
group by run_id, family, currency, day;

-- story_calls: rollup_story_calls
select
    story_id,
    source_id,
    currency,
    min(day) as first_day,
    max(day) as last_day,
    sum(calls) as calls,
    sum(total_tokens) as total_tokens,
    sum(cost) as cost,
    sum(unpriced_calls) as unpriced_calls
from (
    select
        stories.id as story_id,
        stories.source_id,
        calls.price_currency as currency,
        calls.day,
        calls.calls,
        coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as total_tokens,
        calls.price as cost,
        calls.unpriced_calls
    from temp.touched_story_calls as touched
    cross join main.stories on stories.id = touched.story_id
    -- A story that has gone from the source is what its calls refer to by its key; + keeps the planner to that index.
    cross join priced_calls as calls
        on
            calls.story_id = stories.id
            or (calls.story_key = stories.source_key and +calls.source_id = stories.source_id)
    union all
    select
        pruned_calls.story_id,
        pruned_calls.source_id,
        pruned_calls.currency,
        pruned_calls.day,
        pruned_calls.calls,
        pruned_calls.total_tokens,
        pruned_calls.cost,
        pruned_calls.unpriced_calls
    from temp.touched_story_calls as touched
    cross join main.pruned_calls on pruned_calls.story_id = touched.story_id
)
group by story_id, currency;

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
select
    story_id,
    source_id,
    error_id,
    min(day) as first_day,
    max(day) as last_day,
    1 as stories
from (
    select
        step_runs.story_id,
        step_runs.source_id,
        step_runs.error_id,
        step_runs.day
    from temp.touched_story_errors as touched
    cross join main.step_runs on step_runs.story_id = touched.story_id
    where step_runs.error_id is not null
    union all
    select
        runs.story_id,
        runs.source_id,
        runs.error_id,
        runs.day
    from temp.touched_story_errors as touched
    cross join main.runs on runs.story_id = touched.story_id
    where
        runs.error_id is not null
        and runs.pruned_at is null
        and not exists (
            select 1
            from main.step_runs
            where
                step_runs.run_id = runs.id
                and step_runs.error_id is not null
        )
    union all
    select
        calls.story_id,
        calls.source_id,
        calls.error_id,
        calls.day
    from temp.touched_story_errors as touched
    cross join main.calls on calls.story_id = touched.story_id
    where calls.error_id is not null
    union all
    select
        pruned_errors.story_id,
        pruned_errors.source_id,
        pruned_errors.error_id,
        pruned_errors.day
    from temp.touched_story_errors as touched
    cross join main.pruned_errors on pruned_errors.story_id = touched.story_id
)
group by story_id, source_id, error_id;

-- source_days: rollup_source_days
-- A story is completed when its source says so. Where the source has no word of that, it is with its first completed
-- run; but where steps are numbered with its last step, which rollup_step_days counts.
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
    )
    + count(
        distinct case
            when
                runs.status = 'completed'
                and coalesce(runs.story_id, runs.story_key) is not null
                and stories.status is null
                and runs.source_id not in (
                    select source_id
                    from main.steps
                    where position is not null
                )
                and not exists (
                    select 1
                    from main.runs as earlier
                    where
                        earlier.story_id = runs.story_id
                        and earlier.status = 'completed'
                        and (earlier.day, earlier.id) < (runs.day, runs.id)
                )
                then coalesce(runs.story_id, runs.story_key)
        end
    ) as stories_completed,
    coalesce(sum(runs.status is 'completed'), 0) as runs_completed,
    coalesce(sum(runs.status is 'failed'), 0) as runs_failed
from temp.touched_source_days as touched
left join main.runs
    on
        runs.source_id = touched.source_id
        and runs.day = touched.day
left join main.stories on stories.id = runs.story_id
group by touched.day, touched.source_id
having stories_started + stories_completed + runs_completed + runs_failed > 0;

-- source_days: rollup_theme_days
select
    runs.day,
    runs.source_id,
    runs.theme,
    count(*) as jobs,
    sum(runs.status is 'completed') as completed,
    sum(runs.status is 'failed') as failed,
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
    sum(occurrences) as occurrences,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen
from (
    select
        touched.run,
        log_events.source_id,
        log_events.message,
        1 as occurrences,
        log_events.at as first_seen,
        log_events.at as last_seen
    from temp.touched_warned_runs as touched
    cross join main.runs on runs.source_id = touched.source_id and runs.source_key = touched.run
    cross join main.log_events on log_events.run_id = runs.id
    where log_events.level in ('warn', 'warning')
    union all
    select
        touched.run,
        log_events.source_id,
        log_events.message,
        1,
        log_events.at,
        log_events.at
    from temp.touched_warned_runs as touched
    cross join main.log_events on log_events.run_key = touched.run and +log_events.source_id = touched.source_id
    where log_events.level in ('warn', 'warning')
    union all
    select
        touched.run,
        pruned_warnings.source_id,
        pruned_warnings.message,
        pruned_warnings.occurrences,
        pruned_warnings.first_seen,
        pruned_warnings.last_seen
    from temp.touched_warned_runs as touched
    cross join main.pruned_warnings
        on
            pruned_warnings.source_id = touched.source_id
            and pruned_warnings.run = touched.run
)
group by run, source_id, message
having sum(occurrences) > 1;

-- story_trees: facts
-- A row a story: what its nodes are, and what a walk from the root finds.
select
    stories.id as story_id,
    stories.source_id,
    count(story_nodes.id) as nodes,
    count(case when story_nodes.is_root then story_nodes.id end) as roots,
    count(case when story_nodes.is_ending then story_nodes.id end) as endings,
    count(case when story_nodes.is_winning_ending then story_nodes.id end) as winning_endings,
    sum(story_nodes.has_broken_options) as broken_nodes,
    min(case when story_nodes.is_root then story_nodes.source_key end) as a_root,
    max(case when story_nodes.is_root then story_nodes.source_key end) as another_root,
    (
        select walk(nodes.id, nodes.is_root, nodes.is_ending, story_options.id, targets.id)
        from main.story_nodes as nodes
        left join main.story_options
            on
                story_options.node_id = nodes.id
                and story_options.gone_at is null
        left join main.story_nodes as targets
            on
                targets.id = story_options.target_id
                and targets.story_id = nodes.story_id
                and targets.kind = 'node'
                and targets.gone_at is null
        where
            nodes.story_id = stories.id
            and nodes.kind = 'node'
            and nodes.gone_at is null
    ) as found
from temp.touched_story_trees as touched
cross join main.stories on stories.id = touched.story_id
left join main.story_nodes
    on
        story_nodes.story_id = stories.id
        and story_nodes.kind = 'node'
        and story_nodes.gone_at is null
where stories.gone_at is null
group by touched.story_id;

-- story_trees: rollup_tree_problems
-- What cannot be read as options is no dead end, and without a root nothing is reached: one cause is one problem.
select
    story_id,
    source_id,
    'no_root' as problem,
    '' as node,
    case nodes
        when 0 then 'it has no nodes'
        else 'none of its ' || nodes || ' nodes is marked as the root'
    end as detail
from temp.facts
where roots = 0
union all
select
    story_id,
    source_id,
    'many_roots',
    '',
    roots || ' nodes are marked as the root, ' || a_root || ' and ' || another_root || ' among them'
from temp.facts
where roots > 1
union all
select
    facts.story_id,
    facts.source_id,
    case when nodes.is_ending then 'ending_with_options' else 'dead_end' end,
    nodes.source_key,
    case
        when nodes.is_ending
            then 'it is an ending and has '
                || count(story_options.id) || case count(story_options.id) when 1 then ' option' else ' options' end
        else 'it is no ending and has no options'
    end
from temp.facts
join json_each(facts.found, '$.odd_ends') as odd_ends
cross join main.story_nodes as nodes on nodes.id = odd_ends.value
left join main.story_options
    on
        story_options.node_id = nodes.id
        and story_options.gone_at is null
where
    nodes.is_ending
    or not nodes.has_broken_options
group by nodes.id
union all
select
    nodes.story_id,
    nodes.source_id,
    'broken_options',
    nodes.source_key,
    'its options are no list of options'
from temp.facts
cross join main.story_nodes as nodes on nodes.story_id = facts.story_id
where
    facts.broken_nodes > 0
    and nodes.has_broken_options
    and nodes.kind = 'node'
    and nodes.gone_at is null
union all
select
    facts.story_id,
    facts.source_id,
    case when targets.id is null then 'unknown_option' else 'foreign_option' end,
    nodes.source_key,
    'option ' || story_options.position || coalesce(
        ' leads to node ' || targets.source_key || ' of another story',
        ' leads to node ' || story_options.target_key || ', which is not there',
        ' names no node'
    )
from temp.facts
join json_each(facts.found, '$.astray') as astray
cross join main.story_options on story_options.id = astray.value
cross join main.story_nodes as nodes on nodes.id = story_options.node_id
left join main.story_nodes as targets on targets.id = story_options.target_id
union all
select
    facts.story_id,
    facts.source_id,
    'unreachable',
    nodes.source_key,
    'no way leads to it from the root'
from temp.facts
join json_each(facts.found, '$.unreachable') as unreachable
cross join main.story_nodes as nodes on nodes.id = unreachable.value
union all
select
    facts.story_id,
    facts.source_id,
    'cycle',
    nodes.source_key,
    'option ' || story_options.position || ' leads back to node ' || targets.source_key
from temp.facts
join json_each(facts.found, '$.leading_back') as leading_back
cross join main.story_options on story_options.id = leading_back.value
cross join main.story_nodes as nodes on nodes.id = story_options.node_id
cross join main.story_nodes as targets on targets.id = story_options.target_id;

-- story_trees: rollup_story_trees
select
    story_id,
    source_id,
    nodes,
    endings,
    winning_endings,
    coalesce(json_extract(found, '$.depth'), 0) as depth,
    (
        select count(*)
        from rollup_tree_problems as problems
        where problems.story_id = facts.story_id
    ) as problems
from temp.facts;

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

-- story_outputs: rollup_story_mismatches
-- A step is what its last attempt is; while another one is under way, a file may be that of an earlier one. What was
-- derived from other rows says of no step that it left a file.
with attempts as (
    select
        touched.story_id,
        step_runs.source_id,
        step_runs.step_id,
        step_runs.status,
        row_number() over (
            partition by touched.story_id, step_runs.step_id
            order by
                step_runs.attempt desc,
                coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at) desc
        ) = 1 as is_last
    from temp.touched_story_outputs as touched
    cross join main.step_runs on step_runs.story_id = touched.story_id
    where
        step_runs.gone_at is null
        and not step_runs.is_derived
),

states as (
    select
        story_id,
        source_id,
        step_id,
        max(case when is_last then status end) as last_status,
        max(status is 'completed') as was_completed
    from attempts
    group by story_id, step_id
),

files as (
    select
        touched.story_id,
        artifacts.source_id,
        artifacts.step_id,
        min(artifacts.path) as path
    from temp.touched_story_outputs as touched
    cross join main.artifacts on artifacts.story_id = touched.story_id
    where artifacts.gone_at is null
    group by touched.story_id, artifacts.step_id
),

mismatches as (
    select
        states.story_id,
        states.source_id,
        states.step_id,
        'completed_without_output' as problem,
        null as path
    from states
    left join files on files.story_id = states.story_id and files.step_id = states.step_id
    where
        states.last_status = 'completed'
        and files.story_id is null
    union all
    select
        files.story_id,
        files.source_id,
        files.step_id,
        'output_without_completion',
        files.path
    from files
    left join states on states.story_id = files.story_id and states.step_id = files.step_id
    where
        files.step_id is not null
        and (
            states.story_id is null
            or (
                states.last_status <> 'completed'
                and not (states.last_status in ('queued', 'running', 'waiting') and states.was_completed)
            )
        )
    union all
    -- Of a run that its source keeps a record of, the files name no step.
    select distinct
        touched.story_id,
        runs.source_id,
        null,
        'completed_without_output',
        null
    from temp.touched_story_outputs as touched
    cross join main.runs on runs.story_id = touched.story_id
    where
        runs.status = 'completed'
        and not runs.is_derived
        and runs.gone_at is null
        and not exists (
            select 1
            from main.artifacts
            where
                artifacts.run_id = runs.id
                and artifacts.gone_at is null
        )
)

select
    mismatches.story_id,
    coalesce(steps.name, '') as step,
    mismatches.source_id,
    mismatches.problem,
    mismatches.path,
    1 as mismatches
from mismatches
left join main.steps on steps.id = mismatches.step_id;

-- stories: facts
-- What was tried for a story, and where its last run stands: a step is what its latest attempt is, by time. What was
-- settled since, by the story's own end or a run that completed, neither fails nor waits. A story that has gone is left
-- out.
with touched as materialized (
    select
        touched.source_id,
        touched.story,
        stories.id as story_id,
        stories.status
    from temp.touched_stories as touched
    left join main.stories
        on
            stories.source_id = touched.source_id
            and stories.source_key = touched.story
    where stories.gone_at is null
),

-- A derived run is no more than its steps.
story_runs as materialized (
    select
        *,
        coalesce(started_at, queued_at, ended_at, '') as begun_at
    from (
        select
            touched.story,
            runs.*
        from touched
        cross join main.runs on runs.story_id = touched.story_id
        union all
        select
            touched.story,
            runs.*
        from touched
        cross join main.runs
            on
                runs.story_key = touched.story
                -- The key's index is wanted, not that of all orphans of the source.
                and +runs.source_id = touched.source_id
        union all
        select
            touched.story,
            runs.*
        from touched
        cross join main.runs
            on
                runs.source_id = touched.source_id
                and runs.source_key = touched.story
        where
            runs.kind = 'job'
            and runs.story_id is null
            and runs.story_key is null
    )
    where
        not is_derived
        and gone_at is null
),

ends as materialized (
    select
        touched.source_id,
        touched.story,
        touched.story_id,
        coalesce(touched.status, '') in ('completed', 'cancelled', 'skipped') as is_over,
        touched.status is 'blocked' as is_called_blocked,
        max(coalesce(story_runs.ended_at, story_runs.last_activity_at, story_runs.started_at)) as settled_at
    from touched
    left join story_runs
        on
            story_runs.source_id = touched.source_id
            and story_runs.story = touched.story
            and story_runs.status = 'completed'
    group by touched.source_id, touched.story
),

step_attempts as (
    select
        touched.story,
        step_runs.*
    from touched
    cross join main.step_runs on step_runs.story_id = touched.story_id
    union all
    select
        touched.story,
        step_runs.*
    from touched
    cross join main.step_runs
        on
            step_runs.story_key = touched.story
            and +step_runs.source_id = touched.source_id
),

-- What has not begun is no attempt, and neither is what runs in the background.
attempts as (
    select
        source_id,
        story,
        step_id,
        id,
        run_id,
        attempt,
        status,
        coalesce(last_activity_at, ended_at, started_at, queued_at, '') as seen_at,
        coalesce(ended_at, last_activity_at, started_at, queued_at) as at,
        coalesce(status, '') not in ('queued', 'skipped') and kind <> 'background_task' as is_attempt
    from step_attempts
    where gone_at is null
),

-- What was seen in the same instant is as steps and attempts are numbered.
placed as (
    select
        attempts.*,
        row_number() over (
            partition by attempts.source_id, attempts.story
            order by attempts.seen_at, steps.position, attempts.attempt, attempts.id
        ) as place
    from attempts
    join main.steps on steps.id = attempts.step_id
),

states as (
    select
        source_id,
        story,
        step_id,
        id as step_run_id,
        run_id,
        null as current_step,
        status,
        seen_at,
        at,
        row_number() over (partition by source_id, story, step_id order by place desc) = 1 as is_latest,
        row_number() over (partition by source_id, story order by is_attempt desc, place desc) = 1 as is_last,
        is_attempt
        and sum(is_attempt and status is not 'failed') over (
            partition by source_id, story
            order by place desc
            rows unbounded preceding
        ) = 0 as is_failing_again
    from placed
    union all
    select
        source_id,
        story,
        null,
        null,
        id,
        current_step,
        status,
        begun_at,
        case status when 'failed' then coalesce(ended_at, last_activity_at, started_at) else nullif(begun_at, '') end,
        row_number() over (partition by source_id, story order by begun_at desc, id desc) = 1,
        0,
        0
    from story_runs
)

select
    ends.source_id,
    ends.story,
    ends.story_id,
    ends.is_over,
    ends.is_called_blocked,
    ends.is_over or coalesce(states.seen_at <= ends.settled_at, 0) as is_settled,
    states.step_id,
    states.step_run_id,
    states.run_id,
    states.current_step,
    states.status,
    states.at,
    states.is_latest,
    states.is_last,
    states.is_failing_again
from ends
left join states
    on
        states.source_id = ends.source_id
        and states.story = ends.story;

-- stories: rollup_pending_steps
-- As the tracker of numbered steps has it: the step before is completed and this one is not, or is the first. Where
-- steps have no numbers, what is queued waits, the first of it, unless its run has ended or something of the story
-- runs.
with numbered as (
    select
        id,
        source_id,
        name,
        max(position) over (
            partition by source_id
            order by position
            range between unbounded preceding and 1 preceding
        ) as previous_position
    from main.steps
    where position is not null
),

done as materialized (
    select
        facts.source_id,
        facts.story,
        facts.step_id,
        steps.position,
        facts.at
    from temp.facts
    join main.steps on steps.id = facts.step_id
    where
        facts.is_latest
        and facts.status = 'completed'
        and steps.position is not null
),

unfinished as (
    select distinct
        source_id,
        story,
        story_id
    from temp.facts
    where
        not is_over
        -- Which of its steps were completed before is not known any more.
        and not exists (
            select 1
            from main.stories
            where
                stories.id = facts.story_id
                and stories.pruned_at is not null
        )
),

queued as (
    select
        facts.source_id,
        facts.story,
        facts.status,
        coalesce(steps.name, facts.current_step, '') as next_step,
        facts.at,
        steps.position,
        row_number() over (
            partition by facts.source_id, facts.story
            order by facts.status <> 'running', facts.step_run_id is null, facts.at, facts.step_run_id
        ) as place
    from temp.facts
    left join main.steps on steps.id = facts.step_id
    left join main.runs on runs.id = facts.run_id
    where
        facts.is_latest
        and (facts.status = 'queued' or (facts.status = 'running' and facts.step_run_id is not null))
        and not facts.is_settled
        and coalesce(runs.status, 'queued') in ('queued', 'running', 'waiting')
)

select
    unfinished.source_id,
    unfinished.story,
    numbered.name as next_step,
    coalesce(max(previous.at), stories.created_at) as waiting_since
from unfinished
join numbered on numbered.source_id = unfinished.source_id
left join done as own
    on
        own.source_id = unfinished.source_id
        and own.story = unfinished.story
        and own.step_id = numbered.id
left join done as previous
    on
        previous.source_id = unfinished.source_id
        and previous.story = unfinished.story
        and previous.position = numbered.previous_position
left join main.stories on stories.id = unfinished.story_id
where
    own.story is null
    and (
        previous.story is not null
        or (numbered.previous_position is null and unfinished.story_id is not null)
    )
group by unfinished.source_id, unfinished.story, numbered.id
union all
select
    source_id,
    story,
    next_step,
    at
from queued
where
    place = 1
    and status = 'queued'
    and position is null;

-- stories: rollup_failed_steps
select
    facts.source_id,
    facts.story,
    coalesce(facts.step_run_id, -facts.run_id) as failure,
    facts.at as failed_at
from temp.facts
left join (
    select distinct
        source_id,
        story,
        run_id
    from temp.facts
    where
        step_run_id is not null
        and status = 'failed'
) as explained
    on
        explained.source_id = facts.source_id
        and explained.story = facts.story
        and explained.run_id = facts.run_id
        and facts.step_run_id is null
where
    facts.is_latest
    and facts.status = 'failed'
    and not facts.is_settled
    and explained.run_id is null;

-- stories: rollup_failing_stories
select
    source_id,
    story,
    coalesce(sum(is_failing_again), 0) as consecutive_failures,
    max(is_called_blocked or (step_run_id is null and is_latest and coalesce(status, '') = 'blocked')) as is_blocked,
    max(case when is_failing_again and is_last then step_run_id end) as step_run_id,
    max(case when step_run_id is null and is_latest then run_id end) as run_id,
    max(case when is_failing_again then at end) as last_failed_at
from temp.facts
where not is_settled
group by source_id, story
having consecutive_failures > 0 or is_blocked;
