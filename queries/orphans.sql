/*
title: Orphans
description: >-
  What points at nothing: rows whose story or run the source does not have, because it never existed or has been
  deleted. A row is listed once; where both its run and its story are missing, the run is named. What was derived from
  other rows is not listed beside them. Where a source's stories were not read at all, none is missed.
topic: Integrity
params:
  source: {type: source, help: one source only}
  kind: {type: text, help: 'run, step_run, event, artifact, call, scene, job or node'}
chart:
  mark: bar
  encoding:
    y: {field: kind, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: orphans}
    color: {field: source, type: nominal}
*/
-- A reference that leads nowhere has a *_key and no id. Each table's own index holds just these rows.
with orphans as (
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
)

select
    sources.name as source,
    orphans.kind,
    orphans.key,
    case when orphans.run_key is null then 'story' else 'run' end as missing,
    coalesce(orphans.run_key, orphans.story_key) as missing_key,
    orphans.seen_at,
    'Restore ' || case when orphans.run_key is null then 'story ' else 'run ' end
    || coalesce(orphans.run_key, orphans.story_key) || ' in ' || sources.name
    || ', or delete this ' || replace(orphans.kind, '_', ' ') || ' there.' as action
from orphans
join sources on sources.id = orphans.source_id
where
    (orphans.run_key is not null or exists (select 1 from stories where stories.source_id = orphans.source_id))
    and (:source = '' or sources.name = :source)
    and (:kind = '' or orphans.kind = :kind)
order by orphans.seen_at desc, source, orphans.kind, orphans.key
