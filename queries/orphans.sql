/*
title: Orphans
description: >-
  Rows that point to a missing story or run: it never existed in the source, or was deleted. A row is listed once; if
  both its run and its story are missing, the run is named. Derived rows are not listed separately. Sources whose
  stories were not read are not checked for missing stories.
topic: Integrity
params:
  source: {type: source, help: one source only}
  kind: {type: text, help: 'run, step_run, event, artifact, call, scene, job or node'}
headline:
  - '{rows:orphan}.'
chart:
  mark: bar
  encoding:
    y: {field: kind, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: orphans}
    color: {field: source, type: nominal}
*/
-- An unresolved reference has a *_key and no id: the view lists them.
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
