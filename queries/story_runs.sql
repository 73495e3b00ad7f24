/*
title: Runs of a story
description: All work on a story, latest first, with the final error.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key (required)}
*/
select
    sources.name as source,
    runs.kind,
    runs.source_key as run,
    runs.status,
    runs.current_step,
    coalesce(runs.started_at, runs.queued_at) as started_at,
    runs.ended_at,
    runs.duration_ms,
    runs.error_message as error
from sources
cross join stories
    on
        stories.source_id = sources.id
        and stories.source_key = :story
cross join runs on runs.story_id = stories.id
where :source = '' or sources.name = :source
order by started_at desc, runs.id desc
