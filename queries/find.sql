/*
title: Find
description: >-
  What is called so: stories and runs whose key, and steps whose own name or whose family's, is this or begins with it,
  the first 50 of a kind. A story's title is not searched. Instances of one step are counted.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  name: {type: text, help: 'the key of a story or run or the name of a step, or how it begins'}
*/
-- A key that begins with a name lies between it and it with the greatest letter behind; so an index finds it. Only the
-- first 50 of each source can be among the first 50 of all: no more are sorted.
with asked as (
    select
        id,
        name,
        coalesce(
            (
                select source_key
                from stories
                where
                    source_id = sources.id
                    and source_key >= :name
                    and source_key < :name || char(1114111)
                order by source_key
                limit 1 offset 49
            ),
            :name || char(1114111)
        ) as last_story,
        coalesce(
            (
                select source_key
                from runs
                where
                    source_id = sources.id
                    and source_key >= :name
                    and source_key < :name || char(1114111)
                order by source_key
                limit 1 offset 49
            ),
            :name || char(1114111)
        ) as last_run
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
    cross join stories
        on
            stories.source_id = asked.id
            and stories.source_key between :name and asked.last_story
    order by story, source
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
    cross join runs
        on
            runs.source_id = asked.id
            and runs.source_key between :name and asked.last_run
    order by run, source
    limit 50
),

found_steps as (
    select
        asked.name as source,
        'step' as kind,
        null as story,
        null as run,
        steps.family as step,
        case when count(*) = 1 then min(steps.name) else count(*) || ' instances' end as title,
        null as status
    from asked
    cross join steps on steps.source_id = asked.id
    where
        (steps.family >= :name and steps.family < :name || char(1114111))
        or (steps.name >= :name and steps.name < :name || char(1114111))
    group by asked.name, steps.family
    order by step, source
    limit 50
)

select * from found_stories
union all
select * from found_runs
union all
select * from found_steps
