-- Rows that point to a missing run or story, once each: where both are missing, the run is named. Derived rows are not
-- listed separately. Sources whose stories were not read are not checked.
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
) as orphaned
where
    run_key is not null
    or source_id in (select source_id from sources_with_stories)
