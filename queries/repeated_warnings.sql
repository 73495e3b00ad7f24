/*
title: Repeated warnings
description: >-
  Warnings that one run logged more than once. Needs the log of a story-generation service. A run that is only known
  from the log has the name that it has there.
topic: Failures
params:
  source: {type: source, help: one source only}
headline: '{rows:warning}, most often: {message[0]} ({occurrences[0]:time}).'
chart:
  mark: bar
  encoding:
    y: {field: message, type: nominal, sort: -x}
    x: {field: occurrences, type: quantitative, stack: zero, title: occurrences}
    color: {field: source, type: nominal}
*/
-- In the order of the index, so that the first page only reads its own rows.
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
