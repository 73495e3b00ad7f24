-- The sprint runner → core tables.
-- A view src_<table> has the rows to load, all_<table> those to look things up in; src_statuses translates words.
-- A row that was open the last time may be older than those to load: its id is in main, and it is read again by that.
-- A step is a command and its task; instances of a command (code-review-2) are of its family.

-- database: with open_work
select
    kind,
    substr(source_key, instr(source_key, '/') + 1) as id
from main.runs
where
    source_id = :source_id
    and status in ('queued', 'running', 'waiting')
    and gone_at is null
union all
select
    kind,
    substr(source_key, instr(source_key, '/') + 1)
from main.step_runs
where
    source_id = :source_id
    and status in ('queued', 'running', 'waiting')
    and gone_at is null
    and not is_derived;

-- database: with stories_of_commands
-- Attempts are counted within a story, so that its commands are read together. Why one has failed, its row does not
-- say; the event that ended it does, which may come later than the row: all commands of batches with new events are
-- read, where this is not the first time.
select story_id
from src_commands
union
select story_id
from all_commands
where
    id in (
        select id
        from open_work
        where kind = 'command'
    )
union
select id
from all_stories
where
    batch_id in (select batch_id from src_events)
    and exists (
        select 1
        from main.step_runs
        where source_id = :source_id
    );

-- database: with read_tasks
select *
from all_background_tasks
where id in (
    select id
    from src_background_tasks
    union
    select id
    from open_work
    where kind = 'background_task'
);

-- database: with known_stories
select
    batch_id,
    story_key,
    max(id) as id
from all_stories
group by batch_id, story_key;

-- database: with repeated_events
-- Events that the CSV file gave before the database was read, where the database has them too.
select
    events.id,
    events.source_key,
    events.input_id
from main.inputs
cross join src_events
cross join main.events
    on
        events.at = src_events.timestamp
        and events.input_id = inputs.id
left join main.steps on steps.id = events.step_id
left join main.stories on stories.id = events.story_id
where
    inputs.source_id = :source_id
    and inputs.part = 'events'
    and lower(trim(events.source_status)) = lower(trim(coalesce(nullif(src_events.status, ''), src_events.event_type)))
    and steps.name is nullif(src_events.command, '') || coalesce('/' || nullif(src_events.task_id, ''), '')
    and coalesce(stories.source_key, events.story_key) is cast(nullif(src_events.story_key, '') as text);

-- events: with database_events
-- Events of the database, to be compared with a line of the file: few have its time, so the source is looked at last.
select
    known.at,
    lower(trim(known.source_status)) as word,
    steps.name as step_name,
    coalesce(stories.source_key, known.story_key) as story_key
from main.events as known
join main.inputs on inputs.id = known.input_id
left join main.steps on steps.id = known.step_id
left join main.stories on stories.id = known.story_id
where
    +known.source_id = :source_id
    and inputs.part = 'database';

-- any: with paired, materialized
-- An end belongs to the latest start before it, of the same batch, story, command and task, that has none yet: like
-- brackets, starts and ends of one depth take turns. A start without an end is running, or has failed where that is
-- said before the next start; an end without a start is an event and no more. `placed` has a part's events in order.
select
    *,
    lead(word) over same_depth as end_word,
    lead(at) over same_depth as end_at
from placed
where word in ('start', 'end')
window same_depth as (
    partition by series, depth
    order by place
);

-- any: with loose
-- What is said after a start without an end, before the next start: the first failure is the end of it.
select
    *,
    first_value(is_failure) over endings as has_failed,
    first_value(word) over endings as last_word,
    first_value(at) over endings as last_word_at,
    first_value(failure) over endings as error_message,
    max(at) over endings as last_at
from placed
where (series, attempt) in (
    select
        series,
        attempt
    from paired
    where
        word = 'start'
        and end_word is not 'end'
)
window endings as (
    partition by series, attempt
    order by is_failure is true desc, place
    rows between unbounded preceding and unbounded following
);

-- any: with derived
select
    event_key,
    run_key,
    story_key,
    command,
    task_id,
    at,
    attempt,
    'completed' as our_status,
    end_word as last_word,
    end_at as ended_at,
    null as error_message,
    end_at as last_at
from paired
where
    word = 'start'
    and end_word = 'end'
union all
select
    event_key,
    run_key,
    story_key,
    command,
    task_id,
    at,
    attempt,
    case when has_failed then 'failed' else 'running' end,
    last_word,
    case when has_failed then last_word_at end,
    error_message,
    case when has_failed then last_word_at else last_at end
from loose
where word = 'start';

-- database: stories
-- A story may be in several batches: what it is now, the newest of its rows says.
with reported as (
    select
        *,
        min(started_at) over (partition by story_key) as first_started_at,
        row_number() over (
            partition by story_key
            order by id desc
        ) as place_from_end
    from all_stories
    where story_key in (
        select story_key
        from src_stories
        union
        select story_key
        from all_stories
        where id in (
            select id
            from open_work
            where kind = 'sprint_story'
        )
    )
)

select
    reported.story_key as source_key,
    'epic ' || reported.epic_id as origin,
    words.status,
    reported.status as source_status,
    reported.first_started_at as created_at,
    reported.ended_at
from reported
left join src_statuses as words on words.word = lower(trim(reported.status))
where reported.place_from_end = 1;

-- database: stories, where absent
-- Events that name a story but no row of one: where nothing else is written down, or of the runner's own doings.
select
    story_key as source_key,
    'events' as origin,
    min(timestamp) as created_at
from src_events
where
    story_id is null
    and story_key <> ''
group by story_key;

-- database: gone stories
select stories.id
from main.stories
join main.inputs on inputs.id = stories.input_id
where
    stories.source_id = :source_id
    and stories.gone_at is null
    and inputs.part = 'database'
    and stories.origin is not 'events'
    and stories.source_key not in (
        select cast(story_key as text)
        from all_stories
    );

-- database: runs
-- A batch is alive while anything of it is; that of its stories and their commands is found here.
with read_batches as (
    select *
    from all_batches
    where id in (
        select id
        from src_batches
        union
        select id
        from open_work
        where kind = 'batch'
    )
),

read_stories as (
    select *
    from all_stories
    where id in (
        select id
        from src_stories
        union
        select id
        from open_work
        where kind = 'sprint_story'
    )
),

open_batches as (
    select read_batches.id
    from read_batches
    join src_statuses as words on words.word = lower(trim(read_batches.status))
    where words.status = 'running'
),

signs as (
    select
        batch_id,
        coalesce(ended_at, started_at) as at
    from all_stories
    where batch_id in (select id from open_batches)
    union all
    select
        all_stories.batch_id,
        coalesce(all_commands.ended_at, all_commands.started_at)
    from all_stories
    join all_commands on all_commands.story_id = all_stories.id
    where all_stories.batch_id in (select id from open_batches)
    union all
    select
        batch_id,
        timestamp
    from all_events
    where batch_id in (select id from open_batches)
),

last_signs as (
    select
        batch_id,
        max(at) as at
    from signs
    group by batch_id
)

select
    'batch/' || batches.id as source_key,
    'batch' as kind,
    null as story_key,
    null as parent_key,
    words.status,
    batches.status as source_status,
    batches.started_at,
    batches.ended_at,
    coalesce(batches.ended_at, last_signs.at, batches.started_at) as last_activity_at,
    case
        when batches.started_at <= batches.ended_at
            then cast(round((julianday(batches.ended_at) - julianday(batches.started_at)) * 86400000) as integer)
    end as duration_ms,
    batches.cycles_completed,
    batches.max_cycles
from read_batches as batches
left join src_statuses as words on words.word = lower(trim(batches.status))
left join last_signs on last_signs.batch_id = batches.id
union all
select
    'story/' || stories.id,
    'sprint_story',
    stories.story_key,
    'batch/' || nullif(stories.batch_id, ''),
    words.status,
    stories.status,
    stories.started_at,
    stories.ended_at,
    coalesce(stories.ended_at, stories.started_at),
    case
        when stories.started_at <= stories.ended_at
            then cast(round((julianday(stories.ended_at) - julianday(stories.started_at)) * 86400000) as integer)
    end,
    null,
    null
from read_stories as stories
left join src_statuses as words on words.word = lower(trim(stories.status));

-- database: steps
-- The rows are those of which step runs and events are made.
with named as (
    select
        command,
        task_id
    from all_commands
    where story_id in (select story_id from stories_of_commands)
    union
    select
        command,
        task_id
    from src_commands
    union
    select
        command,
        task_id
    from src_events
    where command <> ''
    union
    select
        command,
        task_id
    from all_events
    where
        batch_id is null
        and command <> ''
)

select
    command || coalesce('/' || nullif(task_id, ''), '') as name,
    case
        when command glob '?*-[0-9]*' and rtrim(command, '0123456789') glob '?*-'
            then substr(rtrim(command, '0123456789'), 1, length(rtrim(command, '0123456789')) - 1)
        else command
    end as family
from named
union
select
    task_type,
    task_type
from read_tasks;

-- database: step_runs
-- Commands, background tasks, and what is known of commands from events alone. Derived rows count as no rows of their
-- tables, but their events are loaded as events.
with commands as (
    select
        *,
        row_number() over attempts as attempt,
        lead(started_at) over attempts as next_started_at
    from all_commands
    where story_id in (select story_id from stories_of_commands)
    window
        attempts as (
            partition by story_id, command, task_id
            order by id
        )
    union all
    select
        *,
        1,
        null
    from src_commands
    where story_id is null
),

failures as materialized (
    select
        commands.id,
        stories.batch_id,
        stories.story_key,
        commands.command,
        nullif(commands.task_id, '') as task_id,
        commands.started_at,
        commands.next_started_at
    from commands
    join src_statuses as words on words.word = lower(trim(commands.status))
    left join all_stories as stories on stories.id = commands.story_id
    where words.status in ('failed', 'blocked')
),

-- Where a story has gone, its batch is that of its commands' events.
batches_of_failures as (
    select batch_id
    from failures
    union
    select batch_id
    from src_events
    where
        exists (
            select 1
            from failures
            where batch_id is null
        )
        and command_id in (
            select id
            from failures
            where batch_id is null
        )
),

events_of_failures as (
    select *
    from all_events
    where
        batch_id in (select batch_id from batches_of_failures)
        and (
            command_id is null
            or command_id in (select id from failures)
        )
    union all
    select *
    from all_events
    where batch_id is null
),

-- An event that names no command is of the one of its story, so called, that had begun by then.
words_of_failures as (
    select
        coalesce(named.id, alike.id) as command_id,
        events.message,
        row_number() over (
            partition by coalesce(named.id, alike.id)
            order by words.word = 'end', events.timestamp desc, events.id desc
        ) as place_from_end
    from events_of_failures as events
    cross join src_statuses as words on words.word = lower(trim(coalesce(nullif(events.status, ''), events.event_type)))
    left join failures as named on named.id = events.command_id
    left join failures as alike
        on
            events.command_id is null
            and alike.batch_id = events.batch_id
            and alike.story_key = events.story_key
            and alike.command = events.command
            and alike.task_id is nullif(events.task_id, '')
            and alike.started_at <= events.timestamp
            and coalesce(alike.next_started_at, events.timestamp) >= events.timestamp
    where
        (words.status in ('failed', 'blocked') or words.word = 'end')
        and coalesce(named.id, alike.id) is not null
        and trim(events.message) <> ''
),

-- A failure's own id is of a type by which it is looked up at once.
last_words as materialized (
    select
        failures.id as command_id,
        said.message
    from words_of_failures as said
    cross join failures on failures.id = said.command_id
    where said.place_from_end = 1
),

read_events as (
    select *
    from src_events
    where batch_id is not null
    union all
    select *
    from all_events
    where batch_id is null
),

reported as (
    select
        events.id,
        events.batch_id,
        coalesce(events.story_id, stories.id) as story_id,
        nullif(events.story_key, '') as story_key,
        events.command,
        nullif(events.task_id, '') as task_id,
        events.timestamp,
        events.message,
        lower(trim(coalesce(nullif(events.status, ''), events.event_type, ''))) as word
    from read_events as events
    left join known_stories as stories
        on
            events.story_id is null
            and stories.batch_id = events.batch_id
            and stories.story_key = events.story_key
    where events.command <> ''
),

recorded as materialized (
    select distinct
        story_id,
        command,
        nullif(task_id, '') as task_id
    from all_commands
    where story_id in (select story_id from reported)
),

placed as materialized (  -- noqa: ST03, the piece "paired" selects from it
    select
        reported.id as event_key,
        coalesce('story/' || nullif(reported.story_id, ''), 'batch/' || nullif(reported.batch_id, '')) as run_key,
        reported.story_key,
        reported.command,
        reported.task_id,
        reported.timestamp as at,
        reported.word,
        words.status = 'failed' as is_failure,
        case when words.status = 'failed' then reported.message end as failure,
        first_value(reported.id) over in_order as series,
        row_number() over in_order as place,
        sum(reported.word = 'start') over in_order as attempt,
        sum((reported.word = 'start') - (reported.word = 'end')) over in_order + (reported.word = 'end') as depth
    from reported
    left join recorded
        on
            recorded.story_id = reported.story_id
            and recorded.command = reported.command
            and recorded.task_id is reported.task_id
    left join src_statuses as words on words.word = reported.word
    where recorded.story_id is null
    window in_order as (
        partition by reported.batch_id, reported.story_key, reported.command, reported.task_id
        order by reported.timestamp, reported.id
        rows unbounded preceding
    )
)

select
    'command/' || commands.id as source_key,
    1 as source_rows,
    'command' as kind,
    0 as is_derived,
    stories.story_key,
    'story/' || nullif(commands.story_id, '') as run_key,
    commands.command || coalesce('/' || nullif(commands.task_id, ''), '') as step_name,
    commands.attempt,
    words.status,
    commands.status as source_status,
    last_words.message as error_message,
    commands.started_at,
    commands.ended_at,
    coalesce(
        commands.ended_at,
        case
            when words.status = 'running'
                then (
                    select max(events.timestamp)
                    from all_events as events
                    where
                        events.batch_id = stories.batch_id
                        and events.story_key = stories.story_key
                        and events.command = commands.command
                        and nullif(events.task_id, '') is nullif(commands.task_id, '')
                        and coalesce(events.command_id, commands.id) = commands.id
                )
        end,
        commands.started_at
    ) as last_activity_at,
    case
        when commands.started_at <= commands.ended_at
            then cast(round((julianday(commands.ended_at) - julianday(commands.started_at)) * 86400000) as integer)
    end as duration_ms
from commands
left join all_stories as stories on stories.id = commands.story_id
left join src_statuses as words on words.word = lower(trim(commands.status))
left join last_words on last_words.command_id = commands.id
union all
select
    'task/' || tasks.id,
    1,
    'background_task',
    0,
    nullif(tasks.story_key, ''),
    'batch/' || nullif(tasks.batch_id, ''),
    tasks.task_type,
    null,
    words.status,
    tasks.status,
    null,
    tasks.spawned_at,
    tasks.completed_at,
    coalesce(tasks.completed_at, tasks.spawned_at),
    case
        when tasks.spawned_at <= tasks.completed_at
            then cast(round((julianday(tasks.completed_at) - julianday(tasks.spawned_at)) * 86400000) as integer)
    end
from read_tasks as tasks
left join src_statuses as words on words.word = lower(trim(tasks.status))
union all
select
    'event/' || derived.event_key,
    0,
    'command',
    1,
    derived.story_key,
    derived.run_key,
    derived.command || coalesce('/' || derived.task_id, ''),
    derived.attempt,
    derived.our_status,
    derived.last_word,
    derived.error_message,
    derived.at,
    derived.ended_at,
    derived.last_at,
    case
        when derived.at <= derived.ended_at
            then cast(round((julianday(derived.ended_at) - julianday(derived.at)) * 86400000) as integer)
    end
from derived;

-- database: delete step_runs
-- What is running by the word of an event that is no more, or whose command has been recorded since.
with running as (
    select
        step_runs.id,
        substr(step_runs.source_key, 7) as event_id,
        case when runs.kind = 'sprint_story' then substr(runs.source_key, 7) end as story_id,
        steps.name as step_name
    from main.step_runs
    cross join main.steps on steps.id = step_runs.step_id
    left join main.runs on runs.id = step_runs.run_id
    where
        step_runs.source_id = :source_id
        and step_runs.status in ('queued', 'running', 'waiting')
        and step_runs.is_derived
        and substr(step_runs.source_key, 1, 6) = 'event/'
)

select id
from running
where
    event_id not in (
        select cast(id as text)
        from all_events
        where id in (select event_id from running)
    )
    or (story_id, step_name) in (
        select
            cast(story_id as text),
            command || coalesce('/' || nullif(task_id, ''), '')
        from all_commands
        where story_id in (select story_id from running)
    );

-- database: delete step_runs
-- What the CSV file said before the database was read, where the database says it too.
select said.id
from repeated_events
cross join main.step_runs as said
    on
        said.source_id = :source_id
        and said.source_key = repeated_events.source_key
        and said.input_id = repeated_events.input_id;

-- database: delete events
select id
from repeated_events;

-- database: events
-- What an event says is kept as it is: an unknown word is the status of no work.
select
    events.id as source_key,
    'event' as kind,
    nullif(events.story_key, '') as story_key,
    coalesce(
        'story/' || coalesce(nullif(events.story_id, ''), stories.id),
        'batch/' || nullif(events.batch_id, '')
    ) as run_key,
    nullif(events.command, '') || coalesce('/' || nullif(events.task_id, ''), '') as step_name,
    words.status,
    coalesce(nullif(events.status, ''), events.event_type) as source_status,
    events.message,
    events.timestamp as at
from src_events as events
left join known_stories as stories
    on
        nullif(events.story_id, '') is null
        and stories.batch_id = events.batch_id
        and stories.story_key = events.story_key
left join src_statuses as words on words.word = lower(trim(coalesce(nullif(events.status, ''), events.event_type)));

-- events: stories, where absent
select
    story_key as source_key,
    'events' as origin,
    min(epoch) as created_at
from src_csv_events
where story_key is not null
group by story_key;

-- events: steps
select distinct
    command || coalesce('/' || task_id, '') as name,
    case
        when command glob '?*-[0-9]*' and rtrim(command, '0123456789') glob '?*-'
            then substr(rtrim(command, '0123456789'), 1, length(rtrim(command, '0123456789')) - 1)
        else command
    end as family
from src_csv_events
where command is not null;

-- events: step_runs
-- As in the database, starts and ends are paired like brackets; a pair that the database has is its own.
with numbered as (
    select
        src_csv_events.*,
        lower(trim(coalesce(src_csv_events.status, ''))) as word,
        row_number() over (
            partition by epoch, story_key, command, task_id, status
            order by line
        ) as copy
    from src_csv_events
    where command is not null
),

placed as materialized (  -- noqa: ST03, the piece "paired" selects from it
    select
        key(numbered.epoch, numbered.story_key, numbered.command, numbered.task_id, numbered.status, numbered.copy)
            as event_key,
        null as run_key,
        numbered.story_key,
        numbered.command,
        numbered.task_id,
        numbered.epoch as at,
        numbered.word,
        words.status = 'failed' as is_failure,
        case when words.status = 'failed' then numbered.message end as failure,
        first_value(numbered.line) over in_order as series,
        row_number() over in_order as place,
        sum(numbered.word = 'start') over in_order as attempt,
        sum((numbered.word = 'start') - (numbered.word = 'end')) over in_order + (numbered.word = 'end') as depth
    from numbered
    left join src_statuses as words on words.word = numbered.word
    window in_order as (
        partition by numbered.story_key, numbered.command, numbered.task_id
        order by numbered.epoch, numbered.line
        rows unbounded preceding
    )
)

select
    derived.event_key as source_key,
    'command' as kind,
    1 as is_derived,
    derived.story_key,
    derived.command || coalesce('/' || derived.task_id, '') as step_name,
    derived.attempt,
    derived.our_status as status,
    derived.last_word as source_status,
    derived.error_message,
    derived.at as started_at,
    derived.ended_at,
    derived.last_at as last_activity_at,
    case
        when derived.at <= derived.ended_at
            then cast(round((julianday(derived.ended_at) - julianday(derived.at)) * 86400000) as integer)
    end as duration_ms
from derived
where
    not exists (
        select 1
        from database_events as known
        where
            known.at = derived.at
            and known.word = 'start'
            and known.step_name = derived.command || coalesce('/' || derived.task_id, '')
            and known.story_key is cast(derived.story_key as text)
    );

-- events: events
-- An event's key is what it says, and which of those that say just this it is: lines may be cut off above it.
select
    key(
        events.epoch,
        events.story_key,
        events.command,
        events.task_id,
        events.status,
        row_number() over (
            partition by events.epoch, events.story_key, events.command, events.task_id, events.status
            order by events.line
        )
    ) as source_key,
    'event' as kind,
    events.story_key,
    events.command || coalesce('/' || events.task_id, '') as step_name,
    words.status,
    events.status as source_status,
    events.message,
    events.epoch as at
from src_csv_events as events
left join src_statuses as words on words.word = lower(trim(events.status))
where
    not exists (
        select 1
        from database_events as known
        where
            known.at = events.epoch
            and known.word is lower(trim(events.status))
            and known.step_name is events.command || coalesce('/' || events.task_id, '')
            and known.story_key is cast(events.story_key as text)
    );
