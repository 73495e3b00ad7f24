-- The run that the steps belonged to before they were set aside.
create temp table reused as
select distinct runs.id, over.source_key, runs.source_key as earlier_key
from temp.over
cross join main.reused_keys
    on
        reused_keys.source_id = :source_id
        and reused_keys.kind = 'runs'
        and reused_keys.source_key = over.source_key
cross join main.runs on runs.source_id = :source_id and runs.source_key = reused_keys.earlier_key
where
    runs.id in (
        select run_id
        from main.step_runs
        where id in (select id from temp.brought_back where core = 'step_runs')
        union all
        select known.run_id
        from temp.mapped
        cross join main.step_runs as known
            on known.source_id = :source_id and known.source_key = cast(mapped.source_key as text)
        where known.gone_at is not null
    )
