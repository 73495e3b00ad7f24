/*
title: Tree of a story
description: >-
  The nodes of a story as its options lead to them, each below the one that leads to it; what no option leads to comes
  last. A node that leads back to one above it is not followed again.
topic: One thing looked at
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key}
*/
with recursive nodes as (
    select
        sources.name as source,
        stories.source_key as story,
        story_nodes.*
    from sources
    cross join stories
        on
            stories.source_id = sources.id
            and stories.source_key = :story
    cross join story_nodes on story_nodes.story_id = stories.id
    where
        (:source = '' or sources.name = :source)
        and story_nodes.gone_at is null
),

led_to as (
    select options.target_id
    from nodes
    cross join story_options as options on options.node_id = nodes.id
    where
        options.gone_at is null
        and options.target_id <> nodes.id
),

-- place sorts the nodes as one reads a tree, above holds the ids of those that lead here.
walked as (
    select
        id,
        0 as depth,
        case when is_root then '0' else '1' end || printf('/%08d', coalesce(position, 0)) || printf('/%012d', id)
            as place,
        '/' || id || '/' as above,
        null as option,
        null as missing_key,
        0 as is_above
    from nodes
    where
        is_root
        or id not in (select target_id from led_to where target_id is not null)
    union all
    select
        options.target_id,
        walked.depth + 1,
        walked.place || printf('/%08d', options.position) || printf('/%012d', options.id),
        walked.above || coalesce(options.target_id, '') || '/',
        coalesce(options.text, 'option ' || options.position),
        options.target_key,
        instr(walked.above, '/' || options.target_id || '/') > 0
    from walked
    cross join story_options as options on options.node_id = walked.id
    where
        options.gone_at is null
        and walked.is_above is not 1
)

select
    coalesce(nodes.source, (select source from nodes limit 1)) as source,
    coalesce(nodes.story, :story) as story,
    walked.depth,
    walked.option,
    coalesce(nodes.source_key, walked.missing_key, '?') as node,
    case
        when nodes.id is null then 'missing'
        when nodes.is_root then 'root'
        when nodes.is_winning_ending then 'winning ending'
        when nodes.is_ending then 'ending'
        else nodes.kind
    end as kind,
    case
        when nodes.id is null then 'is not there'
        when walked.is_above then 'leads back to it'
        when walked.depth = 0 and not nodes.is_root and nodes.kind <> 'scene' then 'nothing leads here'
        when
            not coalesce(nodes.is_ending, 0)
            and nodes.kind <> 'scene'
            and not exists (select 1 from story_options as options where options.node_id = nodes.id)
            then 'leads nowhere and is no ending'
    end as note
from walked
left join nodes on nodes.id = walked.id
order by walked.place
