-- huey's storage → core tables.
-- A view src_<table> has the rows to load; src_statuses translates status words.
-- In a pickle, x'28 8C 24' begins a tuple with a text of 36 bytes, the task's id; x'94 8C n' and its name follow, then
-- x'94'. Where another serializer wrote the row, it counts for its queue.

-- database: steps
with waiting as (
    select
        queue,
        cast(data as blob) as data
    from src_task
    union all
    select
        queue,
        cast(data as blob)
    from src_schedule
),

named as (
    select
        queue,
        case when instr(data, x'288C24') > 0 then substr(data, instr(data, x'288C24') + 42) end as name_on
    from waiting
)

select
    coalesce(clean_text(substr(name_on, 1, nullif(instr(name_on, x'94'), 0) - 1)), queue) as name,
    coalesce(clean_text(substr(name_on, 1, nullif(instr(name_on, x'94'), 0) - 1)), queue) as family
from named
union
select
    queue,
    queue
from src_kv;

-- database: step_runs
with waiting as (
    select
        'queued' as word,
        id,
        queue,
        cast(data as blob) as data
    from src_task
    union all
    select
        'scheduled',
        id,
        queue,
        cast(data as blob)
    from src_schedule
),

named as (
    select
        waiting.*,
        case when instr(data, x'288C24') > 0 then substr(data, instr(data, x'288C24') + 3, 36) end as task_id,
        case when instr(data, x'288C24') > 0 then substr(data, instr(data, x'288C24') + 42) end as name_on
    from waiting
),

-- Keys of other forms are locks, and `r:` with the id of a task that was revoked.
results as (
    select
        queue,
        key,
        cast(value as blob) as value,
        case
            when
                hex(value) glob '80??95????????????????8C0A687565792E7574696C73948C054572726F72*'
                or hex(value) glob '80??63687565792E7574696C730A4572726F72*'
                then 'error'
            when hex(value) glob '80*' then 'result'
        end as word
    from src_kv
    where key glob '????????-????-????-????-????????????'
),

tasks as (
    select
        coalesce(cast(task_id as text), word || ' ' || id) as source_key,
        coalesce(clean_text(substr(name_on, 1, nullif(instr(name_on, x'94'), 0) - 1)), queue) as step_name,
        case when 'r:' || cast(task_id as text) in (select key from src_kv) then 'revoked' else word end as word,
        null as error_message,
        1 as place
    from named
    union all
    select
        cast(key as text),
        queue,
        word,
        -- After the key `error` comes its text, and after that the key `retries`.
        case
            when word = 'error' and instr(value, x'8C056572726F72948C') > 0
                then clean_text(
                    substr(
                        value,
                        instr(value, x'8C056572726F72948C') + 10,
                        max(instr(value, x'948C0772657472696573') - instr(value, x'8C056572726F72948C') - 10, 0)
                    )
                )
        end,
        2
    from results
),

-- A task that failed and is to be tried again has a result and waits.
ranked as (
    select
        tasks.*,
        count(*) over same as source_rows,
        row_number() over (same order by place) as rank
    from tasks
    window same as (partition by source_key)
)

select
    ranked.source_key,
    ranked.source_rows,
    ranked.step_name,
    words.status,
    coalesce(ranked.word, 'stored') as source_status,
    nullif(ranked.error_message, '') as error_message
from ranked
left join src_statuses as words on words.word = ranked.word
where ranked.rank = 1;
