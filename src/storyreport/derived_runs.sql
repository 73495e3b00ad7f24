-- A run that its source keeps no record of: it is what its step runs are. It has failed if a step of it ended failed
-- and was not completed by a later attempt.
update main.runs
set
    status = derived.status,
    story_id = derived.story_id,
    story_key = derived.story_key,
    started_at = derived.started_at,
    ended_at = derived.ended_at,
    last_activity_at = derived.last_activity_at,
    duration_ms = derived.duration_ms
from (
    select
        run_id,
        case
            when sum(status = 'running') > 0 then 'running'
            when sum(status in ('queued', 'waiting')) > 0 then 'queued'
            when sum(status = 'failed' and is_last) > 0 then 'failed'
            else 'completed'
        end as status,
        case when count(distinct coalesce(story_id, story_key)) = 1 then max(story_id) end as story_id,
        case when count(distinct coalesce(story_id, story_key)) = 1 then max(story_key) end as story_key,
        min(started_at) as started_at,
        case when sum(status in ('queued', 'running', 'waiting')) = 0 then max(ended_at) end as ended_at,
        max(last_activity_at) as last_activity_at,
        sum(duration_ms) as duration_ms
    from (
        select
            step_runs.*,
            row_number() over (
                partition by step_runs.run_id, step_runs.step_id, step_runs.story_id, step_runs.story_key
                order by step_runs.attempt desc
            ) = 1 as is_last
        from main.runs
        cross join main.step_runs on step_runs.run_id = runs.id
        where
            runs.is_derived
            and step_runs.gone_at is null
            and runs.id in (
                select id
                from main.runs
                where
                    source_id = :source_id
                    and /* which */ true
            )
    )
    group by run_id
) as derived
where
    runs.id = derived.run_id
    and (
        runs.status, runs.story_id, runs.story_key, runs.started_at, runs.ended_at, runs.last_activity_at, runs.duration_ms
    ) is not (
        derived.status,
        derived.story_id,
        derived.story_key,
        derived.started_at,
        derived.ended_at,
        derived.last_activity_at,
        derived.duration_ms
    );
