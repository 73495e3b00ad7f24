/*
title: Output mismatches
description: >-
  Do files and statuses agree: steps that are completed and left no file, and files of steps that are not. Needs the
  folder of outputs beside the database. Where the source records its files but not the steps that made them: completed
  runs without any file, files that it has and the folder has not, and the other way round, as of the last time that the
  folder was read.
topic: Integrity
params:
  source: {type: source, help: one source only}
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
        nullif(step, '') as step,
        problem,
        path
    from rollup_story_mismatches
    union all
    select
        source_id,
        story_id,
        null,
        problem,
        path
    from file_problems
)

select
    sources.name as source,
    stories.source_key as story,
    problems.step,
    problems.problem,
    problems.path
from problems
join sources on sources.id = problems.source_id
left join stories on stories.id = problems.story_id
where :source = '' or sources.name = :source
order by problems.problem, source, story, problems.step, problems.path
