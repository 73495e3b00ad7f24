/*
title: Rejected rows
description: >-
  Rows that could not be loaded, and rows of which a value could not be read, with the reason, latest first. A row is
  shown as its source wrote it, without private values. What was loaded without a value is in data_quality, too, and so
  are other values that were dropped, such as negative ones.
topic: Data
params:
  source: {type: source, help: one source only}
headline: '{rows:row} could not be loaded.'
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
    rejects.rejected_at as ingested_at
from rejects
cross join sources on sources.id = rejects.source_id
where
    (rejects.severity = 'rejected' or rejects.reason not like 'negative %')
    and (:source = '' or sources.name = :source)
order by rejects.id desc
