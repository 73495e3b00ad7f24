/*
title: Tree of a story
description: >-
  The story's nodes as a tree (each at its shortest path from the root); unreachable nodes come last. The nodes below a
  node are shown once; further options that lead to it, or back to it, only have a note.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key (required)}
*/
-- Each node is visited once and each option is one row: the time is proportional to the nodes and options.
with recursive pieces as materialized (
    select
        story_nodes.*,
        sources.name as source
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

-- target_id is the target of an option; leads_to is the same if the target is a node of this story.
options as materialized (
    select
        story_options.id,
        story_options.node_id,
        story_options.target_id,
        targets.id as leads_to,
        targets.is_root as leads_to_root,
        row_number() over (
            partition by story_options.node_id
            order by story_options.position, story_options.id
        ) as place
    from pieces
    cross join story_options on story_options.node_id = pieces.id
    left join story_nodes as targets
        on
            targets.id = story_options.target_id
            and targets.story_id = pieces.story_id
            and targets.gone_at is null
    where story_options.gone_at is null
),

linked_nodes as (
    select leads_to
    from options
    where leads_to <> node_id
),

-- Top nodes in their order: roots, nodes without an option to them, nodes that are only part of cycles.
nodes as materialized (
    select
        *,
        id in (select leads_to from linked_nodes) as is_linked,
        row_number() over (
            order by
                source,
                case
                    when is_root then 1
                    when id not in (select leads_to from linked_nodes) then 2
                    else 3
                end,
                coalesce(position, 0),
                id
        ) as place
    from pieces
),

-- Breadth first from the roots, option by option. When the queue is empty, the candidate with the next place is taken:
-- the search goes on from it unless it was visited.
visited as (
    select
        id,
        not coalesce(is_root, 0) as is_candidate,
        case when is_root then 0 else place end as place
    from nodes
    union
    select
        id,
        0,
        0
    from visited
    where is_candidate
    union
    select
        options.leads_to,
        0,
        0
    from visited
    cross join options on options.node_id = visited.id
    where
        not visited.is_candidate
        and options.leads_to is not null
    order by is_candidate, place
),

turns as materialized (
    select
        id,
        row_number() over () as turn
    from visited
    where not is_candidate
),

-- A node is drawn with its subtree below the first option of the first node visited before it, if there is one.
edges as materialized (
    select
        options.*,
        not coalesce(options.leads_to_root, 0)
        and turns.turn < target_turns.turn
        and row_number() over (partition by options.leads_to order by turns.turn, options.place) = 1 as is_whole
    from options
    cross join turns on turns.id = options.node_id
    left join turns as target_turns on target_turns.id = options.leads_to
),

-- Depth first. A node drawn with its subtree also has a row at the end of the subtree.
drawn as (
    select
        id as node_id,
        null as option_id,
        1 as is_whole,
        0 as depth,
        0 as is_end,
        place
    from nodes
    where id not in (select target_id from edges where is_whole)
    union all
    select
        edges.target_id,
        edges.id,
        edges.is_whole,
        drawn.depth + 1,
        0,
        edges.place
    from drawn
    cross join edges on edges.node_id = drawn.node_id
    where
        drawn.is_whole
        and not drawn.is_end
    union all
    select
        node_id,
        null,
        1,
        depth + 1,
        1,
        0
    from drawn
    where
        is_whole
        and not is_end
    order by depth desc, is_end, place
),

lines as (
    select
        *,
        row_number() over () as line
    from drawn
),

ranged as (
    select
        *,
        min(case when is_whole then line end) over (partition by node_id) as begins,
        max(case when is_whole then line end) over (partition by node_id) as ends
    from lines
)

select
    coalesce(nodes.source, sources.name) as source,
    :story as story,
    ranged.depth,
    coalesce(story_options.text, 'option ' || story_options.position) as option,
    coalesce(named_nodes.source_key, story_options.target_key, '?') as node,
    case
        when nodes.id is null then 'missing'
        when nodes.is_root then 'root'
        when nodes.is_winning_ending then 'winning ending'
        when nodes.is_ending then 'ending'
        else nodes.kind
    end as kind,
    case
        when named_nodes.id is not null and nodes.id is null then 'belongs to another story'
        when nodes.id is null then 'missing'
        when not ranged.is_whole and ranged.line between ranged.begins and ranged.ends then 'loops back'
        when not ranged.is_whole and ranged.line > ranged.begins then 'see above'
        when not ranged.is_whole then 'see below'
        when ranged.depth = 0 and nodes.is_linked and not coalesce(nodes.is_root, 0)
            then 'unreachable from the root'
        when ranged.depth = 0 and nodes.kind <> 'scene' and not coalesce(nodes.is_root, 0) then 'no option leads here'
        when
            not coalesce(nodes.is_ending, 0)
            and nodes.kind <> 'scene'
            and not exists (
                select 1
                from story_options as own
                where
                    own.node_id = nodes.id
                    and own.gone_at is null
            )
            then 'dead end'
    end as note
from ranged
left join story_options on story_options.id = ranged.option_id
left join story_nodes as named_nodes on named_nodes.id = ranged.node_id
left join nodes on nodes.id = ranged.node_id
left join sources on sources.id = story_options.source_id
where not ranged.is_end
order by ranged.line
