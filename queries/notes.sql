/*
title: Notes
description: >-
  What was changed and when, latest first, as noted with `storyreport note`. A note without a source is about all of
  them.
topic: Data
params:
  source: {type: source, help: notes about one source only}
*/
select
    notes.at,
    sources.name as source,
    notes.note,
    notes.id
from notes
left join sources on sources.id = notes.source_id
where :source = '' or sources.name = :source
order by notes.at desc, notes.id desc
