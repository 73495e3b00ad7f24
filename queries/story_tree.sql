/*
title: Tree of a story
description: >-
  The nodes of a story as its options lead to them, each below the shortest way to it; what no root leads to comes last.
  What is below a node is shown once: where another option leads to it too, or leads back to it, there is only a note.
topic: One run, one story
params:
  source: {type: source, help: one source only}
  story: {type: text, help: the story's key}
*/
-- Each node is met once and each option is one row, so this takes as long as there are nodes and options.
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

-- What an option leads to: target_id, and leads_to where that is a node of the same story.
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

led_to as (
    select leads_to
    from options
    where leads_to <> node_id
),

-- What no other node is above comes in this order: roots, what no option leads to, what only loops lead to.
nodes as materialized (
    select
        *,
        id in (select leads_to from led_to) as is_led_to,
        row_number() over (
            order by
                source,
                case
                    when is_root then 1
                    when id not in (select leads_to from led_to) then 2
                    else 3
                end,
                coalesce(position, 0),
                id
        ) as place
    from pieces
),

-- The roots are met first, then, option by option, what they lead to. When nothing is left to be met so, the node with
-- the next place is tried: it leads on unless it was met.
met as (
    select
        id,
        not coalesce(is_root, 0) as is_tried,
        case when is_root then 0 else place end as place
    from nodes
    union
    select
        id,
        0,
        0
    from met
    where is_tried
    union
    select
        options.leads_to,
        0,
        0
    from met
    cross join options on options.node_id = met.id
    where
        not met.is_tried
        and options.leads_to is not null
    order by is_tried, place
),

turns as materialized (
    select
        id,
        row_number() over () as turn
    from met
    where not is_tried
),

-- A node is shown whole below the first option of the first node that was met before it, if any.
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

-- As one reads a tree: the deepest first. A node that is shown whole has a row at the end of what is below it, too.
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

shown as (
    select
        *,
        min(case when is_whole then line end) over (partition by node_id) as begins,
        max(case when is_whole then line end) over (partition by node_id) as ends
    from lines
)

select
    coalesce(nodes.source, sources.name) as source,
    :story as story,
    shown.depth,
    coalesce(story_options.text, 'option ' || story_options.position) as option,
    coalesce(others.source_key, story_options.target_key, '?') as node,
    case
        when nodes.id is null then 'missing'
        when nodes.is_root then 'root'
        when nodes.is_winning_ending then 'winning ending'
        when nodes.is_ending then 'ending'
        else nodes.kind
    end as kind,
    case
        when others.id is not null and nodes.id is null then 'is not of this story'
        when nodes.id is null then 'is not there'
        when not shown.is_whole and shown.line between shown.begins and shown.ends then 'leads back to it'
        when not shown.is_whole and shown.line > shown.begins then 'see above'
        when not shown.is_whole then 'see below'
        when shown.depth = 0 and nodes.is_led_to and not coalesce(nodes.is_root, 0)
            then 'nothing leads here from the root'
        when shown.depth = 0 and nodes.kind <> 'scene' and not coalesce(nodes.is_root, 0) then 'nothing leads here'
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
            then 'leads nowhere and is no ending'
    end as note
from shown
left join story_options on story_options.id = shown.option_id
left join story_nodes as others on others.id = shown.node_id
left join nodes on nodes.id = shown.node_id
left join sources on sources.id = story_options.source_id
where not shown.is_end
order by shown.line
