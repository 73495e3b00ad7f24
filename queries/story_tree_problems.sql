/*
title: Story tree problems
description: >-
  Errors in story trees, worst tree first. A correct tree has exactly one root, options at every node that is not an
  ending, no options at endings, only options that lead to a node of the same story, no unreachable nodes and no cycles.
  A tree without a root is reported once; its unreachable nodes are not.
topic: Integrity
params:
  source: {type: source, help: one source only}
headline: '{rows:problem}: {problem.counts}.'
chart:
  mark: bar
  encoding:
    y: {field: problem, type: nominal, sort: -x}
    x: {aggregate: count, type: quantitative, title: problems}
    color: {field: source, type: nominal}
*/
-- Trees with the most problems first, in the order of their index.
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
