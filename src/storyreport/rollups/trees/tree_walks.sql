/*
kind: intermediate
description: A story's nodes in numbers, and what a walk from the root finds (see trees.py).
grain: story
group: [story_id]
dirty:
  stories: |
    select {row}.id
    where
        exists (
            select 1
            from story_nodes
            where
                story_nodes.source_id = {row}.source_id
                and story_nodes.is_root
        )
  # With the first root of a source each of its stories without a node lacks its own.
  story_nodes: |
    select {row}.story_id
    where
        {row}.story_id is not null
        and {row}.kind = 'node'
    union
    select id
    from stories
    where
        {row}.is_root
        and source_id = {row}.source_id
        and not exists (
            select 1
            from story_nodes
            where
                source_id = {row}.source_id
                and is_root
                and id <> {row}.id
        )
  story_options: |
    select story_id
    from story_nodes
    where
        id = {row}.node_id
        and story_id is not null
all: |
  select story_id
  from story_nodes
  where
      source_id = :source_id
      and kind = 'node'
      and story_id is not null
  union
  select id
  from stories
  where
      source_id = :source_id
      and exists (
          select 1
          from story_nodes
          where
              story_nodes.source_id = :source_id
              and story_nodes.is_root
      )
*/
select
    stories.id as story_id,
    stories.source_id,
    count(story_nodes.id) as nodes,
    count(case when story_nodes.is_root = 1 then story_nodes.id end) as roots,
    count(case when story_nodes.is_ending = 1 then story_nodes.id end) as endings,
    count(case when story_nodes.is_winning_ending = 1 then story_nodes.id end) as winning_endings,
    coalesce(sum(story_nodes.has_broken_options), 0) as broken_nodes,
    min(case when story_nodes.is_root = 1 then story_nodes.source_key end) as a_root,
    max(case when story_nodes.is_root = 1 then story_nodes.source_key end) as another_root,
    (
        select walk(nodes.id, nodes.is_root, nodes.is_ending, story_options.id, targets.id)
        from story_nodes as nodes
        left join story_options
            on
                story_options.node_id = nodes.id
                and story_options.gone_at is null
        left join story_nodes as targets
            on
                targets.id = story_options.target_id
                and targets.story_id = nodes.story_id
                and targets.kind = 'node'
                and targets.gone_at is null
        where
            nodes.story_id = stories.id
            and nodes.kind = 'node'
            and nodes.gone_at is null
    ) as found
from dirty_tree_walks as dirty
cross join stories on stories.id = dirty.story_id
left join story_nodes
    on
        story_nodes.story_id = stories.id
        and story_nodes.kind = 'node'
        and story_nodes.gone_at is null
where stories.gone_at is null
group by stories.id, stories.source_id
