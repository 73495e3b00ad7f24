-- Status words that are not understood, with how many rows have each.
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
group by source_id, kind, source_status
