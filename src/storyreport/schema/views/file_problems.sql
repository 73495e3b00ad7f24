-- Files recorded but missing on disk, and files on disk that are not recorded.
select
    source_id,
    story_id,
    'completed_without_output' as problem,
    path
from artifacts indexed by artifacts_missing
where
    is_missing
    and gone_at is null
union all
select
    artifacts.source_id,
    null as story_id,
    'output_without_completion' as problem,
    artifacts.path
from artifacts indexed by artifacts_unowned
join inputs on inputs.id = artifacts.input_id
where
    artifacts.story_id is null
    and artifacts.story_key is null
    and artifacts.run_id is null
    and artifacts.run_key is null
    and artifacts.gone_at is null
    and inputs.part = 'outputs'
    and exists (
        select 1
        from stories
        where stories.source_id = artifacts.source_id
    )
