-- What prune does, in its order: find what is active, for all else is old; note whose detail is deleted, for what is
-- remembered of it; and mark these. temp.old_<table> has the rows to delete.

-- find: active_runs
-- A story or run is its id, or its key where it leads nowhere: a number and a text, which are never equal. A step run
-- without a time is not known to be over, and a current failure is not.
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
    run_id
from main.failed_work
where
    run_id is not null
    and story_id is null
    and story_key is null
    and recovered_at is null
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

-- note: pruned_runs
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

-- note: pruned_stories
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

-- mark: runs
update main.runs
set pruned_at = :now
where
    pruned_at is null
    and id in (select id from temp.pruned_runs);

-- mark: stories
update main.stories
set pruned_at = :now
where
    pruned_at is null
    and id in (select id from temp.pruned_stories);

-- mark: sources
update main.sources
set detail_since = max(coalesce(detail_since, ''), :since)
where
    id in (select source_id from temp.old_step_runs)
    or id in (select source_id from temp.old_events)
    or id in (select source_id from temp.old_calls)
    or id in (select source_id from temp.old_log_events);
