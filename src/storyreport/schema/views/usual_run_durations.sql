-- How long a run of a source, pipeline and kind usually takes, for each day that has some: p50 and p95 (within 1 %) of
-- the completed runs of the 28 days before, null for fewer than 20. A bucket ends 1 % above its value: a run is slower
-- than its p95 where 0.99 * duration_ms > p95_ms. A query that does not name a column does not compute it.
select
    days.source_id,
    days.pipeline_id,
    days.kind,
    days.day,
    (
        select cast(round(duration_buckets.value_ms) as integer)
        from (
            select
                durations.bucket,
                sum(sum(durations.runs)) over (order by durations.bucket) as reached,
                sum(sum(durations.runs)) over () as timed
            from rollup_run_day_durations as durations
            where
                durations.source_id = days.source_id
                and durations.pipeline_id = days.pipeline_id
                and durations.kind = days.kind
                and durations.day >= date(days.day, '-28 days')
                and durations.day < days.day
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
                sum(sum(durations.runs)) over (order by durations.bucket) as reached,
                sum(sum(durations.runs)) over () as timed
            from rollup_run_day_durations as durations
            where
                durations.source_id = days.source_id
                and durations.pipeline_id = days.pipeline_id
                and durations.kind = days.kind
                and durations.day >= date(days.day, '-28 days')
                and durations.day < days.day
            group by durations.bucket
        ) as cumulated
        join duration_buckets on duration_buckets.bucket = cumulated.bucket
        where
            cumulated.timed >= 20
            and 100 * cumulated.reached >= 95 * cumulated.timed
        order by cumulated.bucket
        limit 1
    ) as p95_ms
from rollup_run_days as days
