/*
title: Repeated warnings
description: >-
  Which run repeats itself: the same warning, given more than once by one run. Needs the log of a story-generation
  service; a run that only the log knows is listed as the log names it.
topic: Failures
params:
  source: {type: source, help: one source only}
chart:
  mark: bar
  encoding:
    y: {field: message, type: nominal, sort: -x}
    x: {field: occurrences, type: quantitative, stack: zero, title: times given}
    color: {field: source, type: nominal}
*/
-- In the order of the index, so that the first page costs no more than what it shows.
select
    sources.name as source,
    warnings.run,
    warnings.message,
    warnings.occurrences,
    warnings.first_seen,
    warnings.last_seen
from rollup_warnings as warnings
cross join sources on sources.id = warnings.source_id
where :source = '' or sources.name = :source
order by warnings.occurrences desc, warnings.last_seen desc, source, warnings.run, warnings.message
