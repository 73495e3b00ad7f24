-- Completed steps without files, of stories that the source does not have; only of sources whose outputs were read. What
-- a step is, its last attempt says.
select
    attempts.source_id,
    attempts.story_key as story,
    steps.name as step,
    'completed_without_output' as problem
from (
    select
        step_runs.source_id,
        step_runs.story_key,
        step_runs.step_id,
        step_runs.status,
        row_number() over (
            partition by step_runs.source_id, step_runs.story_key, step_runs.step_id
            order by
                coalesce(step_runs.attempt, -1) desc,
                coalesce(step_runs.ended_at, step_runs.last_activity_at, step_runs.started_at, '') desc,
                length(step_runs.source_key) desc,
                step_runs.source_key desc
        ) as place
    from inputs
    cross join step_runs
        on
            step_runs.source_id = inputs.source_id
            and (step_runs.story_key is not null or step_runs.run_key is not null)
    where
        inputs.part = 'outputs'
        and step_runs.story_key is not null
        and step_runs.gone_at is null
        and step_runs.is_derived = 0
) as attempts
join steps on steps.id = attempts.step_id
where
    attempts.place = 1
    and attempts.status = 'completed'
    and not exists (
        select 1
        from artifacts
        where
            artifacts.source_id = attempts.source_id
            and artifacts.story_key = attempts.story_key
            and artifacts.step_id = attempts.step_id
            and (artifacts.story_key is not null or artifacts.run_key is not null)
            and artifacts.gone_at is null
    )
