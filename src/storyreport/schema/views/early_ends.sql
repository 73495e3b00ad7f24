-- Work that ended before it began, apart by whether a time zone may explain it (none is further west than half a day),
-- with the row that ends earliest. Each table is grouped as its index gives the rows, then the few groups are.
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
group by source_id, is_far
