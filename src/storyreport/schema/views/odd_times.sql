-- Times of work that cannot be: later than now (and five minutes, for clocks that differ), or at the beginning of the
-- epoch, which is written where no time is known. Each table is read through the index of its days.
select
    source_id,
    kind,
    case when at < '1980' then 'at the epoch' else 'in the future' end as problem,
    count(*) as "rows",
    min(key || ': ' || at) as example
from (
    select
        runs.source_id,
        'runs' as kind,
        runs.source_key as key,
        coalesce(runs.ended_at, runs.started_at, runs.queued_at) as at
    from sources
    cross join runs on runs.source_id = sources.id
    where
        (runs.day >= date('now') or runs.day between '0' and '1980')
        and runs.gone_at is null
        and not runs.is_derived
    union all
    select
        steps.source_id,
        'step_runs',
        step_runs.source_key,
        coalesce(step_runs.ended_at, step_runs.started_at)
    from steps
    cross join step_runs on step_runs.step_id = steps.id
    where
        (step_runs.day >= date('now') or step_runs.day between '0' and '1980')
        and step_runs.gone_at is null
        and not step_runs.is_derived
    union all
    select
        events.source_id,
        'events',
        events.source_key,
        events.at
    from sources
    cross join events on events.source_id = sources.id
    where
        (events.at >= date('now') or events.at between '0' and '1980')
        and events.gone_at is null
    union all
    select
        calls.source_id,
        'calls',
        calls.source_key,
        calls.called_at
    from sources
    cross join calls on calls.source_id = sources.id
    where
        (calls.day >= date('now') or calls.day between '0' and '1980')
        and calls.gone_at is null
    union all
    select
        stories.source_id,
        'stories',
        stories.source_key,
        stories.created_at
    from sources
    cross join stories on stories.source_id = sources.id
    where
        (stories.day >= date('now') or stories.day between '0' and '1980')
        and stories.gone_at is null
)
where
    at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 minutes')
    or at < '1980'
group by source_id, kind, problem
