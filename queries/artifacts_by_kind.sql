/*
title: Files by kind
description: >-
  Number and size of files by kind, largest first. Only files that still exist are included. Bytes are those of files
  with a known size. Stories are those with at least one such file.
topic: Content
params:
  source: {type: source, help: one source only}
headline: '{files.sum:file}, {total_bytes.sum}. Largest: {kind[0]} with {total_bytes[0]}.'
chart:
  mark: bar
  encoding:
    y: {field: kind, type: nominal, sort: -x}
    x: {field: total_bytes, type: quantitative, stack: zero, title: total size}
    color: {field: source, type: nominal}
*/
select
    sources.name as source,
    kinds.kind,
    kinds.files,
    kinds.total_bytes,
    kinds.stories
from rollup_artifacts as kinds
join sources on sources.id = kinds.source_id
where
    (:source = '' or sources.name = :source)
    and kinds.files > 0
order by kinds.total_bytes desc, kinds.files desc, source, kinds.kind
