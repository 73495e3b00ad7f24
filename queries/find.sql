/*
title: Search
description: >-
  Stories, runs, steps and pipelines whose key or name starts with this text (at most 50 of each). A step is found by
  its own name or by its family. Instances of one step are one row, with their number. Of the latest 5,000 stories of
  each source those are found, too, whose title contains the text, from three characters on.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  name: {type: text, help: 'beginning of a key or name, or a part of a story title (required)'}
*/
-- Keys that start with a text lie between it and it followed by the greatest character: an index finds them. Only the
-- first 50 of each source can be among the first 50 of all: no more are sorted.
with recursive selected as (
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
        ) as last_run,
        coalesce(
            (
                select day
                from stories
                where source_id = sources.id
                order by day desc
                limit 1 offset 4999
            ),
            ''
        ) as titles_since
    from sources
    where
        :name <> ''
        and (:source = '' or name = :source)
),

found_stories as (
    select
        selected.name as source,
        'story' as kind,
        stories.source_key as story,
        null as run,
        null as step,
        coalesce(stories.title, '') as title,
        stories.status,
        null as pipeline
    from selected
    cross join stories
        on
            stories.source_id = selected.id
            and stories.source_key between :name and selected.last_story
    order by story, source
    limit 50
),

found_titles as (
    select
        selected.name as source,
        'story' as kind,
        stories.source_key as story,
        null as run,
        null as step,
        stories.title,
        stories.status,
        null as pipeline
    from selected
    cross join stories indexed by stories_day
        on
            stories.source_id = selected.id
            and stories.day >= selected.titles_since
    where
        length(:name) >= 3
        and instr(lower(stories.title), lower(:name)) > 0
        and substr(stories.source_key, 1, length(:name)) <> :name
    order by stories.day desc, story, source
    limit 50
),

-- Keys of stories that rows name in vain, one after the other: an index leads from one to the next.
named (kind, key) as (
    select
        value,
        :name
    from json_each('["runs", "step_runs", "calls"]')
    where :name <> ''
    union all
    select
        kind,
        case kind
            when 'runs'
                then (select min(story_key) from runs where story_key > named.key)
            when 'step_runs'
                then (select min(story_key) from step_runs where story_key > named.key)
            else (select min(story_key) from calls where story_key > named.key)
        end as next_key
    from named
    where
        next_key < :name || char(1114111)
    limit 153
),

naming as (
    select
        runs.source_id,
        named.key
    from named
    cross join runs on runs.story_key = named.key
    where runs.gone_at is null
    union
    select
        step_runs.source_id,
        named.key
    from named
    cross join step_runs on step_runs.story_key = named.key
    where step_runs.gone_at is null
    union
    select
        calls.source_id,
        named.key
    from named
    cross join calls on calls.story_key = named.key
    where calls.gone_at is null
),

found_missing as (
    select
        selected.name as source,
        'story' as kind,
        naming.key as story,
        null as run,
        null as step,
        case when read.source_id is null then '(not read)' else '(missing)' end as title,
        case when read.source_id is null then 'not read' else 'missing' end as status,
        null as pipeline
    from naming
    join selected on selected.id = naming.source_id
    left join sources_with_stories as read on read.source_id = naming.source_id
    where
        not exists (
            select 1
            from stories
            where
                stories.source_id = naming.source_id
                and stories.source_key = naming.key
        )
    order by story, source
    limit 50
),

found_runs as (
    select
        selected.name as source,
        'run' as kind,
        null as story,
        runs.source_key as run,
        null as step,
        runs.kind as title,
        runs.status,
        null as pipeline
    from selected
    cross join runs
        on
            runs.source_id = selected.id
            and runs.source_key between :name and selected.last_run
    order by run, source
    limit 50
),

found_steps as (
    select
        selected.name as source,
        'step' as kind,
        null as story,
        null as run,
        steps.family as step,
        case when count(*) = 1 then min(steps.name) else count(*) || ' instances' end as title,
        null as status,
        null as pipeline
    from selected
    cross join steps on steps.source_id = selected.id
    where
        (steps.family >= :name and steps.family < :name || char(1114111))
        or (steps.name >= :name and steps.name < :name || char(1114111))
    group by selected.name, steps.family
    order by step, source
    limit 50
),

found_pipelines as (
    select
        selected.name as source,
        'pipeline' as kind,
        null as story,
        null as run,
        null as step,
        coalesce(sum(kinds.runs), 0) || case sum(kinds.runs) when 1 then ' run' else ' runs' end as title,
        null as status,
        pipelines.name as pipeline
    from selected
    cross join pipelines
        on
            pipelines.source_id = selected.id
            and pipelines.name >= :name
            and pipelines.name < :name || char(1114111)
    left join rollup_run_kinds as kinds
        on
            kinds.source_id = pipelines.source_id
            and kinds.pipeline_id = pipelines.id
    group by selected.name, pipelines.name
    order by pipeline, source
    limit 50
)

select * from found_stories
union all
select * from found_titles
union all
select * from found_missing
union all
select * from found_runs
union all
select * from found_steps
union all
select * from found_pipelines
