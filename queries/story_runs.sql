/*
title: Runs of a story
description: >-
  All work on a story, latest first, with the final error. A story that runs name need not be in its source.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key (required)}
headline: '{rows:run}: {status.counts}.'
*/
with found as (
    select runs.*
    from stories
    cross join runs on runs.story_id = stories.id
    where
        stories.source_id in (select id from sources where :source in ('', name))
        and stories.source_key = :story
    union all
    -- Of a story that is missing, or was deleted.
    select runs.*
    from runs
    where
        runs.story_key = :story
        and runs.source_id in (select id from sources where :source in ('', name))
)

select
    sources.name as source,
    found.kind,
    found.source_key as run,
    found.status,
    found.current_step,
    coalesce(found.started_at, found.queued_at) as started_at,
    found.ended_at,
    found.duration_ms,
    found.error_message as error,
    pipelines.name as pipeline
from found
join sources on sources.id = found.source_id
left join pipelines on pipelines.id = found.pipeline_id
order by started_at desc, found.id desc
