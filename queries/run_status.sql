/*
title: Status of a run
description: Story, current step, duration and final error of a run.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  run: {type: text, help: the run's key (required)}
*/
select
    sources.name as source,
    runs.kind,
    runs.source_key as run,
    coalesce(stories.source_key, runs.story_key) as story,
    stories.title,
    runs.status,
    runs.current_step,
    coalesce(runs.started_at, runs.queued_at) as started_at,
    runs.ended_at,
    runs.duration_ms,
    runs.error_message as error,
    pipelines.name as pipeline
from sources
cross join runs
    on
        runs.source_id = sources.id
        and runs.source_key = :run
left join pipelines on pipelines.id = runs.pipeline_id
left join stories on stories.id = runs.story_id
where :source = '' or sources.name = :source
order by source
