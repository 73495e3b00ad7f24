/*
title: Orphans
description: >-
  What points at nothing: rows whose story or run the source does not have, because it never existed or has been
  deleted. A row is listed once; where both its run and its story are missing, the run is named. What was derived from
  other rows is not listed beside them. Where a source's stories were not read at all, none is missed.
topic: Integrity
params:
  source: {type: source, help: one source only}
  kind: {type: text, help: 'run, step_run, event, artifact, call, scene, job or node'}
chart:
  mark: bar
  encoding:
    y: {field: kind, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: orphans}
    color: {field: source, type: nominal}
*/
-- A reference that leads nowhere has a *_key and no id: the view says which.
select
    sources.name as source,
    orphans.kind,
    orphans.key,
    orphans.missing,
    orphans.missing_key,
    orphans.seen_at,
    'Restore ' || orphans.missing || ' ' || orphans.missing_key || ' in ' || sources.name || ', or delete this '
    || replace(orphans.kind, '_', ' ') || ' there.' as action
from orphaned_rows as orphans
join sources on sources.id = orphans.source_id
where
    (:source = '' or sources.name = :source)
    and (:kind = '' or orphans.kind = :kind)
order by orphans.seen_at desc, source, orphans.kind, orphans.key
