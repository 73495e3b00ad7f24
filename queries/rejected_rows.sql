/*
title: Rejected rows
description: >-
  Rows that could not be loaded, and rows of which a value was dropped, with the reason, latest first. A row is shown
  as its source wrote it, without private values. Its severity says whether it was rejected, or loaded without the value
  (warning).
topic: Data
params:
  source: {type: source, help: one source only}
chart:
  mark: bar
  encoding:
    y: {field: reason, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: rows}
    color: {field: source, type: nominal}
*/
select
    sources.name as source,
    rejects.source_table as "table",
    coalesce(rejects.source_key, 'row ' || rejects.source_row) as key,
    rejects.reason,
    rejects."row",
    rejects.rejected_at as ingested_at,
    rejects.severity
from rejects
cross join sources on sources.id = rejects.source_id
where
    rejects.severity in ('rejected', 'warning')
    and (:source = '' or sources.name = :source)
order by rejects.id desc
