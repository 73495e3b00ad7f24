-- What prune does, in its order: find what is active, so that the rest can be told; and keep what goes as sums.
-- temp.old_<table> has the rows that go.

-- find: active_runs
-- A story or run is its id, or its key where it leads nowhere: a number and a text, which are never equal. Of which a
-- step run has no time, it is not known to be over; what fails now is not.
insert or ignore into temp.active_runs
select
    source_id,
    coalesce(run_id, run_key)
from main.step_runs
where
    coalesce(ended_at, started_at, :since) >= :since
    or (status in ('queued', 'running', 'waiting') and gone_at is null)
union all
select
    source_id,
    coalesce(run_id, run_key)
from main.events
where at >= :since
union all
select
    source_id,
    coalesce(run_id, run_key)
from main.calls
where called_at >= :since
union all
select
    source_id,
    coalesce(run_id, run_key)
from main.log_events
where at >= :since
union all
select
    failing.source_id,
    coalesce(step_runs.run_id, step_runs.run_key)
from main.rollup_failed_steps as failing
join main.step_runs on step_runs.id = failing.failure
union all
select
    failing.source_id,
    -failing.failure
from main.rollup_failed_steps as failing
where failing.failure < 0
union all
select
    source_id,
    run_id
from main.rollup_failing_stories
union all
select
    failing.source_id,
    step_runs.run_id
from main.rollup_failing_stories as failing
join main.step_runs on step_runs.id = failing.step_run_id
union all
select
    source_id,
    id
from main.runs
where
    max(coalesce(ended_at, ''), coalesce(last_activity_at, ''), coalesce(started_at, queued_at, '')) >= :since
    or (status in ('queued', 'running', 'waiting') and gone_at is null);

-- find: active_stories
insert or ignore into temp.active_stories
select
    source_id,
    coalesce(story_id, story_key)
from main.step_runs
where
    coalesce(ended_at, started_at, :since) >= :since
    or (status in ('queued', 'running', 'waiting') and gone_at is null)
union all
select
    source_id,
    coalesce(story_id, story_key)
from main.events
where at >= :since
union all
select
    source_id,
    coalesce(story_id, story_key)
from main.calls
where called_at >= :since
union all
select
    source_id,
    coalesce(story_id, story_key)
from main.log_events
where at >= :since
union all
select
    runs.source_id,
    coalesce(runs.story_id, runs.story_key)
from temp.active_runs as active
cross join main.runs on runs.id = active.owner
union all
select
    source_id,
    id
from main.stories
where max(coalesce(ended_at, ''), coalesce(updated_at, ''), coalesce(created_at, '')) >= :since
union all
select
    failing.source_id,
    coalesce(stories.id, failing.story)
from (
    select
        source_id,
        story
    from main.rollup_failed_steps
    union
    select
        source_id,
        story
    from main.rollup_failing_stories
) as failing
left join main.stories
    on
        stories.source_id = failing.source_id
        and stories.source_key = failing.story;

-- find: active_runs
insert or ignore into temp.active_runs
select
    runs.source_id,
    runs.id
from main.runs
cross join temp.active_stories as active
    on
        active.source_id = runs.source_id
        and active.owner = coalesce(runs.story_id, runs.story_key);

-- keep: pruned_runs
insert into temp.pruned_runs
select run_id
from main.step_runs
where id in (select id from temp.old_step_runs)
union
select run_id
from main.events
where id in (select id from temp.old_events)
union
select run_id
from main.calls
where id in (select id from temp.old_calls)
union
select run_id
from main.log_events
where id in (select id from temp.old_log_events);

-- keep: pruned_stories
insert into temp.pruned_stories
select story_id
from main.step_runs
where id in (select id from temp.old_step_runs)
union
select story_id
from main.events
where id in (select id from temp.old_events)
union
select story_id
from main.calls
where id in (select id from temp.old_calls)
union
select story_id
from main.log_events
where id in (select id from temp.old_log_events);

-- keep: pruned_calls
insert into main.pruned_calls (
    source_id, story_id, run_id, day, family, currency, calls, total_tokens, cost, unpriced_calls
)
select
    source_id,
    story_id,
    run_id,
    day,
    family,
    currency,
    sum(calls),
    sum(total_tokens),
    sum(cost),
    sum(unpriced_calls)
from (
    select
        calls.source_id,
        coalesce(calls.story_id, stories.id) as story_id,
        coalesce(calls.run_id, runs.id) as run_id,
        calls.day,
        coalesce(steps.family, calls.endpoint) as family,
        calls.price_currency as currency,
        calls.calls,
        coalesce(calls.total_tokens, calls.input_tokens + calls.output_tokens) as total_tokens,
        calls.price as cost,
        calls.unpriced_calls
    from temp.old_calls as old
    cross join main.priced_calls as calls on calls.id = old.id
    left join main.steps on steps.id = calls.step_id
    left join main.stories
        on
            stories.source_id = calls.source_id
            and stories.source_key = calls.story_key
    left join main.runs
        on
            runs.source_id = calls.source_id
            and runs.source_key = calls.run_key
)
where
    story_id is not null
    or run_id is not null
group by source_id, story_id, run_id, day, family, currency;

-- keep: pruned_errors
-- A run's error counts where nothing within the run has one.
insert or ignore into main.pruned_errors (error_id, day, story_id, source_id)
select
    error_id,
    day,
    story_id,
    source_id
from main.step_runs
where
    id in (select id from temp.old_step_runs)
    and error_id is not null
    and story_id is not null
union all
select
    error_id,
    day,
    story_id,
    source_id
from main.calls
where
    id in (select id from temp.old_calls)
    and error_id is not null
    and story_id is not null
union all
select
    error_id,
    day,
    story_id,
    source_id
from main.runs
where
    id in (select id from temp.pruned_runs)
    and pruned_at is null
    and error_id is not null
    and story_id is not null
    and not exists (
        select 1
        from main.step_runs
        where
            step_runs.run_id = runs.id
            and step_runs.error_id is not null
    );

-- keep: pruned_warnings
insert into main.pruned_warnings (source_id, run, message, occurrences, first_seen, last_seen)
select
    log_events.source_id,
    coalesce(log_events.run_key, runs.source_key) as run,
    log_events.message,
    count(*),
    min(log_events.at),
    max(log_events.at)
from temp.old_log_events as old
cross join main.log_events on log_events.id = old.id
left join main.runs on runs.id = log_events.run_id
where
    log_events.level in ('warn', 'warning')
    and log_events.message is not null
    and coalesce(log_events.run_key, runs.source_key) is not null
group by log_events.source_id, coalesce(log_events.run_key, runs.source_key), log_events.message;

-- keep: runs
update main.runs
set pruned_at = :now
where
    pruned_at is null
    and id in (select id from temp.pruned_runs);

-- keep: stories
update main.stories
set pruned_at = :now
where
    pruned_at is null
    and id in (select id from temp.pruned_stories);

-- keep: sources
update main.sources
set detail_since = max(coalesce(detail_since, ''), :since)
where
    id in (select source_id from temp.old_step_runs)
    or id in (select source_id from temp.old_events)
    or id in (select source_id from temp.old_calls)
    or id in (select source_id from temp.old_log_events);
