/*
title: Stories without chapters
description: >-
  Stories whose chapter count is missing or 0, most failed runs first. Needs a source that records chapter counts, such
  as a story-generation service.
topic: Integrity
params:
  source: {type: source, help: one source only}
headline: '{rows:story|stories} without a chapter count.'
chart:
  mark: bar
  encoding:
    y: {field: source, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: stories}
    color: {field: source, type: nominal}
*/
select
    sources.name as source,
    stories.source_key as story,
    stories.title,
    stories.chapter_count,
    (
        select count(*)
        from runs
        where
            runs.story_id = stories.id
            and runs.status = 'failed'
    ) as failed_runs
from stories
join sources on sources.id = stories.source_id
where
    stories.lacks_chapters
    and stories.gone_at is null
    and (:source = '' or sources.name = :source)
order by failed_runs desc, stories.updated_at desc, source, story
