/*
description: Problems of story trees. node is '' where the problem is that of the tree as a whole.
grain: story, problem, node, detail
from: tree_walks
findings: true
key:
  story_id: references stories
  problem: text
  node: text
  detail: text
values:
  source_id: references sources
meanings:
  node: key of the node; empty where the problem is that of the whole tree
  detail: what is wrong
*/
-- Options that cannot be read are no dead end, and without a root nothing is reached: one cause is one problem.
select
    story_id,
    'no_root' as problem,
    '' as node,
    case nodes
        when 0 then 'it has no nodes'
        else 'none of its ' || nodes || ' nodes is marked as the root'
    end as detail,
    source_id
from tree_walks
where roots = 0
union all
select
    story_id,
    'many_roots',
    '',
    roots || ' nodes are marked as the root, ' || a_root || ' and ' || another_root || ' among them',
    source_id
from tree_walks
where roots > 1
union all
select
    walks.story_id,
    case when nodes.is_ending = 1 then 'ending_with_options' else 'dead_end' end,
    nodes.source_key,
    case
        when nodes.is_ending = 1 and count(story_options.id) = 1 then 'it is an ending and has 1 option'
        when nodes.is_ending = 1 then 'it is an ending and has ' || count(story_options.id) || ' options'
        else 'it is no ending and has no options'
    end,
    walks.source_id
from tree_walks as walks
join json_each(walks.found, '$.odd_ends') as odd_ends
cross join story_nodes as nodes on nodes.id = odd_ends.value
left join story_options
    on
        story_options.node_id = nodes.id
        and story_options.gone_at is null
where
    nodes.is_ending = 1
    or nodes.has_broken_options = 0
group by walks.story_id, walks.source_id, nodes.id, nodes.is_ending, nodes.source_key
union all
select
    nodes.story_id,
    'broken_options',
    nodes.source_key,
    'its options are no list of options',
    nodes.source_id
from tree_walks as walks
cross join story_nodes as nodes on nodes.story_id = walks.story_id
where
    walks.broken_nodes > 0
    and nodes.has_broken_options = 1
    and nodes.kind = 'node'
    and nodes.gone_at is null
union all
select
    walks.story_id,
    case when targets.id is null then 'unknown_option' else 'foreign_option' end,
    nodes.source_key,
    'option ' || story_options.position || coalesce(
        ' leads to node ' || targets.source_key || ' of another story',
        ' leads to node ' || story_options.target_key || ', which is not there',
        ' names no node'
    ),
    walks.source_id
from tree_walks as walks
join json_each(walks.found, '$.astray') as astray
cross join story_options on story_options.id = astray.value
cross join story_nodes as nodes on nodes.id = story_options.node_id
left join story_nodes as targets on targets.id = story_options.target_id
union all
select
    walks.story_id,
    'unreachable',
    nodes.source_key,
    'no way leads to it from the root',
    walks.source_id
from tree_walks as walks
join json_each(walks.found, '$.unreachable') as unreachable
cross join story_nodes as nodes on nodes.id = unreachable.value
union all
select
    walks.story_id,
    'cycle',
    nodes.source_key,
    'option ' || story_options.position || ' leads back to node ' || targets.source_key,
    walks.source_id
from tree_walks as walks
join json_each(walks.found, '$.leading_back') as leading_back
cross join story_options on story_options.id = leading_back.value
cross join story_nodes as nodes on nodes.id = story_options.node_id
cross join story_nodes as targets on targets.id = story_options.target_id
