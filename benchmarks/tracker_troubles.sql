-- What needs somebody now, before :ended: the same 200 stories and 1,000 step runs however long the history is.
create temp table troubles (trouble text, stories, done, failures, is_running, is_registered);
insert into troubles (trouble, stories, done, failures, is_running, is_registered)
values
('stuck', 40, 5, 0, 1, 1),
('pending', 40, 4, 0, 0, 1),
('unstarted', 20, 0, 0, 0, 1),
('failed', 50, 4, 1, 0, 1),
('blocked', 30, 7, 4, 0, 1),
('orphaned', 20, 1, 0, 0, 0);

create temp table troubled as
with recursive numbers (number) as (
    select 1
    union all
    select number + 1
    from numbers
    where number < 50
)

select
    troubles.*,
    trouble || '-' || number as story_id,
    'run-' || trouble || '-' || number as run_id,
    :ended - 3600 * (number + 1) as started
from troubles
join numbers on numbers.number <= troubles.stories;

insert into stories (story_id, title, source, metadata, created_at, updated_at)
select
    story_id,
    'The tale of ' || story_id,
    'pipeline',
    '{}',
    datetime(started, 'unixepoch'),
    datetime(started, 'unixepoch')
from troubled
where is_registered;

insert into step_history (story_id, step_name, run_id, status, error_message, execution_time_ms, timestamp)
select
    troubled.story_id,
    steps.name,
    troubled.run_id,
    'completed',
    null,
    durations.ms,
    datetime(troubled.started + 60 * steps.step, 'unixepoch')
from troubled
join steps on steps.step < troubled.done
join durations on durations.step = steps.step and durations.quantile = 500;

insert into step_history (story_id, step_name, run_id, status, error_message, execution_time_ms, timestamp)
select
    troubled.story_id,
    steps.name,
    troubled.run_id,
    'failed',
    replace(messages.text, '#', troubled.started),
    900,
    datetime(troubled.started + 60 * (troubled.done + messages.message), 'unixepoch')
from troubled
join steps on steps.step = troubled.done
join messages on messages.message < troubled.failures;

-- A step that is running has no row in the history yet, one that has ended is what its last attempt was.
insert into step_status (story_id, step_name, status, run_id, error_message, started_at, completed_at, created_at)
select
    story_id,
    step_name,
    status,
    run_id,
    error_message,
    null,
    max(timestamp) || '.000000',
    timestamp
from step_history
where story_id in (select story_id from troubled)
group by story_id, step_name;

insert into step_status (story_id, step_name, status, run_id, started_at, created_at)
select
    troubled.story_id,
    steps.name,
    'running',
    troubled.run_id,
    datetime(troubled.started + 600, 'unixepoch') || '.000000',
    datetime(troubled.started + 600, 'unixepoch')
from troubled
join steps on steps.step = troubled.done
where troubled.is_running;
