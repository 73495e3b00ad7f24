-- A run that its source keeps no record of: it is what its step runs are. It has failed if a step of it ended failed
-- and was not completed by a later attempt; what an unknown word of a step makes of it is not guessed. It took from its
-- start to its end, as a run does that its source records: steps may run beside each other, or wait for the next try.
update main.runs
set
    status = derived.status,
    story_id = derived.story_id,
    story_key = derived.story_key,
    queued_at = derived.queued_at,
    started_at = derived.started_at,
    ended_at = derived.ended_at,
    last_activity_at = derived.last_activity_at,
    duration_ms = derived.duration_ms
from (
    select
        step_runs.run_id,
        case
            when sum(step_runs.status = 'running') > 0 then 'running'
            when sum(step_runs.status = 'waiting') > 0 then 'waiting'
            when sum(step_runs.status = 'queued') > 0 then 'queued'
            when
                sum(
                    case
                        when step_runs.status = 'failed'
                            then not exists (
                                select 1
                                from main.step_runs as later
                                where
                                    later.run_id = step_runs.run_id
                                    and later.step_id = step_runs.step_id
                                    and later.story_id is step_runs.story_id
                                    and later.story_key is step_runs.story_key
                                    and later.attempt > step_runs.attempt
                                    and later.gone_at is null
                            )
                    end
                ) > 0
                then 'failed'
            when sum(step_runs.status = 'blocked') > 0 then 'blocked'
            when count(step_runs.status) < count(*) then null
            when sum(step_runs.status = 'completed') > 0 then 'completed'
            when sum(step_runs.status = 'cancelled') > 0 then 'cancelled'
            else 'skipped'
        end as status,
        case
            when
                min(coalesce(step_runs.story_id, step_runs.story_key))
                = max(coalesce(step_runs.story_id, step_runs.story_key))
                then max(step_runs.story_id)
        end as story_id,
        case
            when
                min(coalesce(step_runs.story_id, step_runs.story_key))
                = max(coalesce(step_runs.story_id, step_runs.story_key))
                then max(step_runs.story_key)
        end as story_key,
        case
            when min(step_runs.started_at) < min(step_runs.queued_at) then null
            else min(step_runs.queued_at)
        end as queued_at,
        min(step_runs.started_at) as started_at,
        case
            when sum(step_runs.status in ('queued', 'running', 'waiting')) = 0 then max(step_runs.ended_at)
        end as ended_at,
        max(step_runs.last_activity_at) as last_activity_at,
        case
            when sum(step_runs.status in ('queued', 'running', 'waiting')) > 0 then null
            when min(step_runs.started_at) <= max(step_runs.ended_at)
                then cast(
                    round(
                        (julianday(max(step_runs.ended_at)) - julianday(min(step_runs.started_at))) * 86400000
                    ) as integer
                )
            else sum(step_runs.duration_ms)
        end as duration_ms
    from main.runs
    cross join main.step_runs on step_runs.run_id = runs.id
    where
        runs.is_derived = 1
        and step_runs.gone_at is null
        and runs.id in (
            select id
            from main.runs
            where
                -- Of which some step runs were pruned, the others do not say it all.
                pruned_at is null
                and /* which */ true
        )
    group by step_runs.run_id
) as derived
where
    runs.id = derived.run_id
    and (
        runs.status,
        runs.story_id,
        runs.story_key,
        runs.queued_at,
        runs.started_at,
        runs.ended_at,
        runs.last_activity_at,
        runs.duration_ms
    ) is not (
        derived.status,
        derived.story_id,
        derived.story_key,
        derived.queued_at,
        derived.started_at,
        derived.ended_at,
        derived.last_activity_at,
        derived.duration_ms
    );
