/*
title: Files of a story
description: Files made for a story, latest first.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key (required)}
headline: '{rows:file}, {size_bytes.sum}.'
*/
select
    sources.name as source,
    artifacts.kind,
    coalesce(artifacts.path, artifacts.name) as file,
    steps.name as step,
    artifacts.size_bytes,
    artifacts.created_at
from sources
cross join stories
    on
        stories.source_id = sources.id
        and stories.source_key = :story
cross join artifacts on artifacts.story_id = stories.id
left join steps on steps.id = artifacts.step_id
where
    (:source = '' or sources.name = :source)
    and artifacts.gone_at is null
order by artifacts.created_at desc, file
