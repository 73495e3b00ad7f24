-- Step runs number :first up to (not including) :after, in batches of 125.
-- A batch takes :batch_stories stories through all steps, one step of all of them after the other: 120 executions that
-- complete. In each 24 of them one fails first and is tried again, so that 25 step runs have one failure: 4 %.
create temp table asked as
select
    :first as first,
    :after as after,
    :batch_stories as batch_stories,
    :started as started,
    :seconds_each as seconds_each;

create temp view step_runs as
with recursive places (place) as (
    select first
    from asked
    union all
    select place + 1
    from places
    where place < (select after - 1 from asked)
),

-- Chance that is the same every time: multiplying by large odd numbers stirs the bits.
lots as (
    select
        place,
        place / 125 as batch,
        place / 25 as lot,
        place % 25 as seat,
        ((place / 25) * 2654435761 & 4294967295) / 4096 % 24 as failing_seat,
        place * 2654435761 & 4294967295 as stirred
    from places
),

executions as (
    select
        *,
        seat = failing_seat as is_failed,
        lot % 5 * 24 + seat - (seat > failing_seat) as execution,
        (stirred / 65536 * 2246822519 + stirred) & 4294967295 as chance
    from lots
)

select
    executions.place,
    'story-' || (executions.batch * asked.batch_stories + executions.execution % asked.batch_stories) as story_id,
    'run-' || (executions.batch * asked.batch_stories + executions.execution % asked.batch_stories) as run_id,
    executions.execution / asked.batch_stories as step,
    executions.is_failed,
    executions.chance / 4096 % 1000 as quantile,
    executions.chance % (select count(*) from messages) as message,
    datetime(cast(asked.started + executions.place * asked.seconds_each as integer), 'unixepoch') as ended_at
from executions
cross join asked;

insert into stories (story_id, title, source, metadata, created_at, updated_at)
with recursive numbers (number) as (
    select :first / 125 * :batch_stories
    union all
    select number + 1
    from numbers
    where number < :after / 125 * :batch_stories - 1
)

select
    'story-' || number,
    'The tale of number ' || number,
    'pipeline',
    '{}',
    datetime(cast(:started + number / :batch_stories * 125 * :seconds_each as integer), 'unixepoch'),
    datetime(cast(:started + (number / :batch_stories + 1) * 125 * :seconds_each as integer), 'unixepoch')
from numbers;

insert into step_history (story_id, step_name, run_id, status, error_message, execution_time_ms, timestamp)
select
    step_runs.story_id,
    steps.name,
    step_runs.run_id,
    case when step_runs.is_failed then 'failed' else 'completed' end,
    case when step_runs.is_failed then replace(messages.text, '#', step_runs.place) end,
    durations.ms,
    step_runs.ended_at
from step_runs
cross join steps on steps.step = step_runs.step
cross join durations on durations.step = step_runs.step and durations.quantile = step_runs.quantile
cross join messages on messages.message = step_runs.message;

-- Every third step is checked once it is done: the check leaves no run.
insert into step_status
(story_id, step_name, status, run_id, acceptance_passed, acceptance_details, completed_at, created_at)
select
    step_runs.story_id,
    steps.name,
    'completed',
    case when step_runs.step % 3 < 2 then step_runs.run_id end,
    step_runs.step % 3 = 2,
    case when step_runs.step % 3 = 2 then 'as it should be' end,
    step_runs.ended_at || '.000000',
    step_runs.ended_at
from step_runs
cross join steps on steps.step = step_runs.step
where not step_runs.is_failed;

drop view temp.step_runs;
drop table temp.asked;
