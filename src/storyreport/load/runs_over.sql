-- Derived runs whose step runs were all set aside or are missing: their keys are given out again.
create temp table over as
with coming as (
    select
        cast(run_key as text) as run_key,
        min(coalesce(queued_at, started_at, ended_at)) as began_at,
        max(coalesce(ended_at, last_activity_at)) as ended_at
    from temp.mapped
    where run_key is not null
    group by 1
)

select id, source_key, ' (' || coalesce(queued_at, started_at, ended_at, :now) || ')' as ending
from main.runs
where
    is_derived
    and gone_at is null
    and id in (
        select run_id
        from main.step_runs
        where id in (select id from temp.set_aside where core = 'step_runs')
        union all
        -- No row of before is there, and those that are there are of another time.
        select known.id
        from coming
        cross join main.runs as known
            on
                known.source_id = :source_id
                and known.source_key = coming.run_key
        where
            known.input_id = :input_id
            and (
                coming.began_at > coalesce(known.ended_at, known.last_activity_at, known.started_at)
                or coming.ended_at < known.started_at
            )
    )
    and source_key in (select cast(run_key as text) from temp.mapped)
    and id not in (
        select known.run_id
        from temp.mapped
        cross join main.step_runs as known
            on known.source_id = :source_id and known.source_key = cast(mapped.source_key as text)
        where
            known.run_id is not null
            and known.id not in (select id from temp.brought_back where core = 'step_runs')
    )
    and not exists (
        select 1
        from main.runs as other
        where other.source_id = :source_id and other.source_key = runs.source_key || ending
    )
