"""What only all rows of a run tell: numbers of attempts over several files, and what waited before it began."""

from .job import IS_OPEN, Job

IN_ORDER = """
    row_number() over (
        partition by step_runs.run_id, step_runs.story_id, step_runs.story_key, step_runs.step_id
        order by coalesce(step_runs.started_at, step_runs.queued_at, step_runs.ended_at), step_runs.source_key
    ) as attempt
"""

# What waits without an id has a key without its start, which is that of each attempt as long as it waits.
HAS_A_START = "known.started_at is not null or known.ended_at is not null or known.source_key not glob '*/*/*/*/*'"
# What has begun of the work that waits, in SQL.
SAME_WORK = """
    begun.story_id is waits.story_id
    and begun.story_key is waits.story_key
    and begun.started_at >= coalesce(waits.queued_at, '')
    and (waits.is_counted or begun.attempt is waits.attempt)
    and begun.gone_at is null
"""
# A row that waited without an id: its key has no start.
IS_WAIT = f"{IS_OPEN} and source_id = :source_id and started_at is null and ended_at is null"
NAMES_OF_WAIT = "runs.source_key, coalesce(stories.source_key, waits.story_key), steps.name"
PIPELINE_OF_WAIT = "case when waits.run_id is null then coalesce('/' || key(pipelines.name), '') else '' end"
# Attempts that are counted from 0 are numbered from 1.
COUNTED, *NUMBERED = (
    f"key({NAMES_OF_WAIT}, {attempt}, null) || {PIPELINE_OF_WAIT}"
    for attempt in ("null", "waits.attempt", "waits.attempt - 1")
)
BEGUN_WAITS = f"""
    create temp table begun_waits as
    with waits as (
        select
            waits.*,
            waits.source_key = {COUNTED} as is_counted
        from (
            select *
            from main.step_runs
            where {IS_WAIT}
        ) as waits
        join main.steps on steps.id = waits.step_id
        left join main.pipelines on pipelines.id = steps.pipeline_id
        left join main.runs on runs.id = waits.run_id
        left join main.stories on stories.id = waits.story_id
        where
            waits.gone_at is null
            and waits.run_key is null
            and waits.source_key in ({", ".join((COUNTED, *NUMBERED))})
    )

    select
        waits.id,
        waits.source_rows,
        waits.run_id,
        waits.step_id,
        waits.is_counted,
        case
            when waits.run_id is not null
                then (
                    select
                        case
                            when waits.queued_at is not null then begun.id
                            when begun.status not in ('failed', 'cancelled') or begun.source_rows > 1 then begun.id
                        end
                    from main.step_runs as begun
                    where
                        begun.run_id = waits.run_id
                        and +begun.step_id = waits.step_id
                        and {SAME_WORK}
                    order by begun.started_at desc
                    limit 1
                )
            when waits.story_id is not null
                then (
                    select begun.id
                    from main.step_runs as begun
                    where
                        begun.story_id = waits.story_id
                        and begun.step_id = waits.step_id
                        and waits.queued_at is not null
                        and begun.run_id is null
                        and begun.run_key is null
                        and {SAME_WORK}
                    limit 1
                )
            -- Without a run and a story, a step waits once for each number; all that began since is looked at.
            when waits.story_key is null and coalesce(waits.attempt, 0) < 100
                then (
                    select begun.id
                    from main.step_runs as begun
                    where
                        begun.step_id = waits.step_id
                        and begun.day >= substr(waits.queued_at, 1, 10)
                        and begun.run_id is null
                        and begun.run_key is null
                        and {SAME_WORK}
                    limit 1
                )
        end as begun_id
    from waits"""


def settle_attempts(job: Job) -> None:
    """Let what waited be the attempt that has begun since, and number the attempts of files that add up."""
    if job.part.counts_attempts:
        _forget_waits(job)
        _number_over_files(job, *job.part.counts_attempts)


def _number_over_files(job: Job, table: str, column: str) -> None:
    """Number the attempts of the runs that files add to by time, where none of these files says their numbers."""
    if not (job.adds and job.has_any("temp.worked_runs")) or table not in job.typed.opened.tables:
        return
    if not job.has_any(f"src_{table}", f"{column} is not null"):
        _number(job, "select run_id from temp.worked_runs")


def _number(job: Job, runs: str, more: str = "") -> None:
    job.execute(f"""
        update main.step_runs
        set attempt = counted.attempt
        from (
            select
                step_runs.id,
                {IN_ORDER}
            from ({runs}) as numbered
            cross join main.step_runs on step_runs.run_id = numbered.run_id {more}
            where
                step_runs.source_id = :source_id
                and step_runs.gone_at is null
        ) as counted
        where
            counted.id = step_runs.id
            and counted.attempt is not step_runs.attempt""")


def _forget_waits(job: Job) -> None:
    """Let rows that waited without an id, so that their key has no start, be those of what has begun since.

    One with a number is the attempt of that number. Without a time, one waits for a retry where the last attempt
    failed, unless that has several rows: then it is a log; outside of a run nobody can say. Rows that are not finished
    have an index.
    """
    if not job.has_any("main.step_runs", IS_WAIT):
        return
    job.execute("drop table if exists temp.begun_waits")
    job.execute(BEGUN_WAITS)
    job.execute("delete from temp.begun_waits where begun_id is null")
    if not job.adds:
        # How many rows the export has; files that add up are not compared by that.
        job.execute("""
            update main.step_runs
            set source_rows = step_runs.source_rows + begun_waits.source_rows
            from temp.begun_waits
            where step_runs.id = begun_waits.begun_id""")
    job.execute("delete from main.step_runs where id in (select id from temp.begun_waits)")
    _number(
        job,
        "select distinct run_id, step_id from temp.begun_waits where is_counted",
        "and +step_runs.step_id = numbered.step_id",
    )


def forget_renamed(job: Job) -> None:
    """Delete those rows of temp.deleted that temp.mapped has under another key, so that they count once.

    A row without an id is known by its values. Where a table has its number, story, pipeline or id only now, it is the
    same one.
    """
    # Without a run, the key ends with the pipeline.
    form = """
        {row}.source_key not glob '*/*/*/*/' || {row}.started_at || '*' as has_id,
        {row}.source_key not glob '*/*/*//' || {row}.started_at || '*' as has_number
    """
    job.execute("drop table if exists temp.present")
    job.execute(f"""
        create temp table present as
        select
            started_at,
            cast(step_name as text) as step,
            coalesce(cast(run_key as text), '') as run,
            cast(story_key as text) as story,
            cast(source_key as text) as source_key,
            {form.format(row="mapped")}
        from temp.mapped
        where started_at is not null""")
    job.execute("create index temp.present_times on present (started_at, step)")
    job.execute(f"""
        delete from main.step_runs
        where id in (
            select known.id
            from (
                select
                    step_runs.id,
                    step_runs.source_key,
                    step_runs.started_at,
                    steps.name as step,
                    coalesce(runs.source_key, step_runs.run_key, '') as run,
                    coalesce(stories.source_key, step_runs.story_key) as story,
                    {form.format(row="step_runs")}
                from temp.deleted
                cross join main.step_runs on step_runs.id = deleted.id
                join main.steps on steps.id = step_runs.step_id
                left join main.runs on runs.id = step_runs.run_id
                left join main.stories on stories.id = step_runs.story_id
            ) as known
            cross join temp.present
                on
                    present.started_at = known.started_at
                    and present.step = known.step
            where
                present.run = known.run
                and coalesce(present.story = known.story, 1)
                and (
                    known.has_id <> present.has_id
                    or known.has_id + present.has_id = 0
                    and (
                        known.has_number <> present.has_number
                        or (known.story is null) <> (present.story is null)
                        or known.source_key = substr(present.source_key, 1, length(known.source_key))
                    )
                )
        )""")
