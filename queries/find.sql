/*
title: Find
description: >-
  What is called so: stories, runs and steps whose key or name is this or begins with it, at most 50 of a kind.
topic: One thing looked at
params:
  source: {type: source, help: one source only}
  name: {type: text, help: 'a story, run or step, or how it begins'}
*/
-- A key that begins with a name lies between it and it with the greatest letter behind; so an index finds it.
with asked as (
    select
        id,
        name
    from sources
    where
        :name <> ''
        and (:source = '' or name = :source)
),

found_stories as (
    select
        asked.name as source,
        'story' as kind,
        stories.source_key as story,
        null as run,
        null as step,
        coalesce(stories.title, '') as title,
        stories.status
    from asked
    join stories on stories.source_id = asked.id
    where
        stories.source_key >= :name
        and stories.source_key < :name || char(1114111)
    order by stories.source_key
    limit 50
),

found_runs as (
    select
        asked.name as source,
        'run' as kind,
        null as story,
        runs.source_key as run,
        null as step,
        runs.kind as title,
        runs.status
    from asked
    join runs on runs.source_id = asked.id
    where
        runs.source_key >= :name
        and runs.source_key < :name || char(1114111)
    order by runs.source_key
    limit 50
),

found_steps as (
    select
        asked.name as source,
        'step' as kind,
        null as story,
        null as run,
        steps.family as step,
        group_concat(steps.name, ', ') as title,
        null as status
    from asked
    join steps on steps.source_id = asked.id
    where
        steps.family >= :name
        and steps.family < :name || char(1114111)
    group by asked.name, steps.family
    limit 50
)

select * from found_stories
union all
select * from found_runs
union all
select * from found_steps
