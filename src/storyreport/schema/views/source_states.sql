-- Each source, how much of it is here, and when it was last found to be so. Of a lake: what rolled it up, and up to
-- which day.
select
    sources.id,
    sources.name,
    sources.system,
    sources.timezone,
    (
        select group_concat(inputs.location, ', ')
        from inputs
        where inputs.source_id = sources.id
    ) as locations,
    (
        select sum(read_rows.value)
        from inputs
        join json_each(inputs.watermarks, '$.rows') as read_rows
        where inputs.source_id = sources.id
    ) as rows,
    (
        select count(*)
        from rejects
        where
            rejects.source_id = sources.id
            and rejects.severity = 'rejected'
    ) as rejected,
    (
        select max(ingests.finished_at)
        from ingests
        where ingests.source_id = sources.id
    ) as last_ingest_at,
    sources.detail_since,
    lakes.engine as rolled_up_by,
    lakes.rolled_up_at,
    lakes.until_day as up_to_day
from sources
left join lakes on lakes.source_id = sources.id
