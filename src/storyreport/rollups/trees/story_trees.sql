/*
description: >-
  The tree of each story in numbers. The depth is how many options the farthest node is away from the root. Through an
  index the trees with the most problems come first.
grain: story
from: tree_walks
key:
  story_id: references stories
values:
  source_id: references sources
  nodes: integer
  endings: integer
  winning_endings: integer
  depth: integer, none
  problems: integer
meanings:
  nodes: nodes
  endings: nodes that are endings
  winning_endings: endings that win
  depth: options between the root and the farthest node
indexes:
  problems: (problems desc, nodes desc)
oracle: |
  select
      story_nodes.source_id,
      count(*) as nodes,
      count(case story_nodes.is_ending when 1 then 1 end) as endings,
      count(case story_nodes.is_winning_ending when 1 then 1 end) as winning_endings
  from story_nodes
  where
      story_nodes.kind = 'node'
      and story_nodes.gone_at is null
      and story_nodes.story_id in (select id from stories where gone_at is null)
  group by story_nodes.source_id
*/
select
    story_id,
    source_id,
    nodes,
    endings,
    winning_endings,
    coalesce(json_extract(found, '$.depth'), 0) as depth,
    (
        select count(*)
        from rollup_tree_problems as problems
        where problems.story_id = walks.story_id
    ) as problems
from tree_walks as walks
