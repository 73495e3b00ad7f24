/*
title: Story tree problems
description: >-
  Which story trees are unsound, the worst first. A sound one has exactly one root; a node that is no ending has
  options, an ending has none; each option leads to a node of the same story; every node can be reached from the root;
  nothing loops. Of a tree without a root it is not said besides that nothing can be reached.
topic: Integrity
params:
  source: {type: source, help: one source only}
chart:
  mark: bar
  encoding:
    y: {field: problem, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: problems}
    color: {field: source, type: nominal}
*/
-- The trees with the most problems come first, as their index has them.
select
    sources.name as source,
    stories.source_key as story,
    nullif(problems.node, '') as node,
    problems.problem,
    problems.detail
from rollup_story_trees as trees
cross join rollup_tree_problems as problems on problems.story_id = trees.story_id
cross join stories on stories.id = trees.story_id
cross join sources on sources.id = trees.source_id
where
    (:source = '' or sources.name = :source)
    and trees.problems > 0
order by trees.problems desc, trees.nodes desc, trees.story_id, problems.problem, problems.node
