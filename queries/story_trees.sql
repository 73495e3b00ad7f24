/*
title: Story trees
description: >-
  Size and depth of branching stories, most problems first, then largest. Depth is the number of options from the root
  to the farthest node. Needs a source whose stories are trees of nodes; the scenes of a video are not a tree.
topic: Content
params:
  source: {type: source, help: one source only}
headline: '{rows:tree} with {problems.sum:problem}.'
chart:
  mark: bar
  encoding:
    y: {field: story, type: nominal, sort: -x}
    x: {field: nodes, type: quantitative, title: nodes}
    color: {field: source, type: nominal}
*/
select
    sources.name as source,
    stories.source_key as story,
    stories.title,
    trees.nodes,
    trees.endings,
    trees.winning_endings,
    trees.depth,
    trees.problems
from rollup_story_trees as trees
cross join stories on stories.id = trees.story_id
cross join sources on sources.id = trees.source_id
where :source = '' or sources.name = :source
order by trees.problems desc, trees.nodes desc
