/*
title: Ingests
description: >-
  Ingests of each source and the rows that were written, latest first. A failed ingest writes nothing and is not listed.
topic: Data
params:
  source: {type: source, help: one source only}
*/
select
    sources.name as source,
    ingests.started_at,
    ingests.finished_at,
    ingests.status,
    ingests.rows_read,
    ingests.inserted,
    ingests.updated,
    ingests.rejected,
    ingests.duration_ms,
    ingests.gone
from ingests
cross join sources on sources.id = ingests.source_id
where :source = '' or sources.name = :source
order by ingests.id desc
