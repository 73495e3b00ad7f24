/*
description: >-
  Files and bytes by kind and owner. The owner is the story's id, or minus the run's where there is no story, or 0;
  stories is 1 for a story.
grain: owner, source, kind
key:
  owner: integer
  source_id: references sources
  kind: text
values:
  files: integer
  total_bytes: integer null
  stories: integer
meanings:
  owner: the story's id, minus the run's where there is no story, 0 where there is neither
  stories: 1 where the owner is a story
indexes:
  kind: (source_id, kind)
total:
  name: artifacts
  key: [source_id, kind]
group: [source_id, owner]
dirty:
  artifacts: [source_id, owner]
oracle: |
  select
      source_id,
      kind,
      count(*) as files,
      sum(size_bytes) as total_bytes,
      count(distinct story_id) as stories
  from artifacts
  where gone_at is null
  group by source_id, kind
*/
select
    dirty.owner,
    artifacts.source_id,
    artifacts.kind,
    count(*) as files,
    sum(artifacts.size_bytes) as total_bytes,
    max(case when dirty.owner > 0 then 1 else 0 end) as stories
from dirty_owner_artifacts as dirty
cross join artifacts
    on
        artifacts.source_id = dirty.source_id
        and artifacts.owner = dirty.owner
where artifacts.gone_at is null
group by dirty.owner, artifacts.source_id, artifacts.kind
