-- How long a step usually takes, for each run and step of its source: p50 and p95 (within 1 %) of the timed executions of
-- the step's family in its pipeline on the 28 days before the run's day, null for fewer than 20. An execution is slower
-- than its p95 where 0.99 * duration_ms > p95_ms. To be read by run_id and step_id; a query that does not name a column
-- does not compute it.
select
    runs.id as run_id,
    steps.id as step_id,
    (
        select cast(round(duration_buckets.value_ms) as integer)
        from (
            select
                durations.bucket,
                sum(sum(durations.executions)) over (order by durations.bucket) as reached,
                sum(sum(durations.executions)) over () as timed
            -- The rollup begins with the day: 28 short ways into it, not one along all steps.
            from (
                with recursive days (before) as (
                    select 1
                    union all
                    select before + 1
                    from days
                    where before < 28
                )

                select before
                from days
            ) as days
            cross join rollup_step_day_durations as durations
                on
                    durations.day = date(runs.day, -days.before || ' days')
                    and durations.source_id = steps.source_id
                    and durations.family = steps.family
                    and durations.pipeline_id = coalesce(steps.pipeline_id, 0)
            group by durations.bucket
        ) as cumulated
        join duration_buckets on duration_buckets.bucket = cumulated.bucket
        where
            cumulated.timed >= 20
            and 100 * cumulated.reached >= 50 * cumulated.timed
        order by cumulated.bucket
        limit 1
    ) as usual_ms,
    (
        select cast(round(duration_buckets.value_ms) as integer)
        from (
            select
                durations.bucket,
                sum(sum(durations.executions)) over (order by durations.bucket) as reached,
                sum(sum(durations.executions)) over () as timed
            -- The rollup begins with the day: 28 short ways into it, not one along all steps.
            from (
                with recursive days (before) as (
                    select 1
                    union all
                    select before + 1
                    from days
                    where before < 28
                )

                select before
                from days
            ) as days
            cross join rollup_step_day_durations as durations
                on
                    durations.day = date(runs.day, -days.before || ' days')
                    and durations.source_id = steps.source_id
                    and durations.family = steps.family
                    and durations.pipeline_id = coalesce(steps.pipeline_id, 0)
            group by durations.bucket
        ) as cumulated
        join duration_buckets on duration_buckets.bucket = cumulated.bucket
        where
            cumulated.timed >= 20
            and 100 * cumulated.reached >= 95 * cumulated.timed
        order by cumulated.bucket
        limit 1
    ) as p95_ms
from runs
join steps on steps.source_id = runs.source_id
