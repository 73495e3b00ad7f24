-- Stories completed by day, source and pipeline: what a source says of its stories, and those that completed the last
-- step, which has the highest number, with the first attempt that its acceptance check did not reject.
with last_steps as (
    select
        steps.source_id,
        steps.family,
        max(steps.position) as position
    from steps
    where steps.position is not null
    group by steps.source_id
)

select
    day,
    source_id,
    pipeline_id,
    stories_completed
from rollup_source_days
where stories_completed > 0
union all
select
    days.day,
    days.source_id,
    days.pipeline_id,
    days.first_completed + days.recovered as stories_completed
from last_steps
cross join rollup_step_days as days
    on
        days.source_id = last_steps.source_id
        and days.family = last_steps.family
where days.first_completed + days.recovered > 0
