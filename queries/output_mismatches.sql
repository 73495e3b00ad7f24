/*
title: Output mismatches
description: >-
  Completed steps without files, and files without a completed step. Needs the folder of outputs, ingested with the
  database. For a source that records its files but not the steps that made them: completed runs without any file, files
  recorded but missing on disk, and files on disk that are not recorded (as of the last ingest).
topic: Integrity
params:
  source: {type: source, help: one source only}
headline: '{rows:mismatch|mismatches}: {problem.counts}.'
chart:
  mark: bar
  encoding:
    y: {field: problem, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: stories and files}
    color: {field: source, type: nominal}
*/
with problems as (
    select
        source_id,
        story_id,
        null as story,
        nullif(step, '') as step,
        problem,
        path
    from rollup_story_mismatches
    union all
    select
        source_id,
        story_id,
        null,
        null,
        problem,
        path
    from file_problems
    union all
    -- Stories that the source does not have are known by their keys.
    select
        source_id,
        null,
        story,
        step,
        problem,
        null
    from unregistered_mismatches
)

select
    sources.name as source,
    coalesce(stories.source_key, problems.story) as story,
    problems.step,
    problems.problem,
    problems.path
from problems
join sources on sources.id = problems.source_id
left join stories on stories.id = problems.story_id
where :source = '' or sources.name = :source
order by problems.problem, source, story, problems.step, problems.path
