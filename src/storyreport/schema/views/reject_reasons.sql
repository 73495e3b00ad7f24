-- Why rows, or values of rows, could not be loaded.
select
    source_id,
    severity,
    source_table,
    reason,
    count(*) as rows,
    coalesce(min(source_key), 'row ' || min(source_row)) as example
from rejects
group by source_id, severity, source_table, reason
