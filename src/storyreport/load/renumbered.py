"""Attempts whose numbers have moved: a source that forgets its oldest attempts counts those that it keeps from 1.

A known row of the same step, run, start and end as a row that the source has under another key is that row: its key
moves, so that nothing counts twice, and what was known under the key before stays in history. Where a source has
forgotten all attempts of a step and says only how it ended, that is the last known attempt, with its times.
"""

from collections.abc import Collection

from .job import Job

# The key that the run of a known attempt has, or had before it was set aside.
RUN = """coalesce(
    (
        select earlier.source_key
        from main.reused_keys as earlier
        where
            earlier.source_id = :source_id
            and earlier.kind = 'runs'
            and earlier.earlier_key = runs.source_key
    ),
    runs.source_key
)"""
# What two rows of one attempt have in common: as it is known, and as it is mapped.
SAME = {
    "story_key": ("coalesce(known.story_key, stories.source_key)", "cast(mapped.story_key as text)"),
    "run_key": (f"coalesce(known.run_key, {RUN})", "cast(mapped.run_key as text)"),
    "step_name": ("steps.name", "cast(mapped.step_name as text)"),
    "started_at": ("known.started_at", "mapped.started_at"),
    "ended_at": ("known.ended_at", "mapped.ended_at"),
}

# What must be known of attempts, so that one which is forgotten can be found again by its end.
FORGETTABLE = {"story_key", "run_key", "step_name", "status", "started_at", "ended_at", "duration_ms"}
# How the mapping shows a step of which the source keeps its state and no execution.
IS_END_ALONE = """(
    mapped.started_at is null
    and mapped.duration_ms is null
    and mapped.ended_at is not null
    and mapped.status in ('completed', 'failed')
)"""


def recall_forgotten(job: Job, core: str, given: Collection[str]) -> None:
    """Give ends in temp.mapped that are all that a source says of a step the times of the last known attempt."""
    if core not in job.part.repeats or not set(given) >= FORGETTABLE:
        return
    if not job.scalar(f"select exists (select 1 from temp.mapped where {IS_END_ALONE})"):
        return
    job.execute(f"""
        with ends as (
            select
                mapped.*,
                count(started_at) over (partition by story_key, step_name) as attempts
            from temp.mapped
        ),

        candidates as (
            select
                mapped.source_key,
                coalesce(known.run_key, {RUN}) as run_key,
                known.started_at,
                known.ended_at,
                known.duration_ms,
                -- A copy that is put back may have an end of work that was over before.
                row_number() over (
                    partition by mapped.source_key
                    order by
                        known.gone_at is not null,
                        abs(julianday(known.ended_at) - julianday(mapped.ended_at))
                ) as place
            from ends as mapped
            cross join main.stories
                on
                    stories.source_id = :source_id
                    and stories.source_key = cast(mapped.story_key as text)
            cross join main.step_runs as known on known.story_id = stories.id
            cross join main.steps on steps.id = known.step_id
            left join main.runs on runs.id = known.run_id
            where
                mapped.attempts = 0
                and {IS_END_ALONE}
                and steps.name = cast(mapped.step_name as text)
                and case
                    when mapped.run_key is null then known.gone_at is null
                    else coalesce(known.run_key, {RUN}) = cast(mapped.run_key as text)
                end
                and known.input_id = :input_id
                and known.duration_ms is not null
        )

        update temp.mapped
        set
            run_key = candidates.run_key,
            started_at = candidates.started_at,
            ended_at = candidates.ended_at,
            duration_ms = candidates.duration_ms
        from candidates
        where
            candidates.source_key = mapped.source_key
            and candidates.place = 1""")


def park_renumbered(job: Job, core: str, given: Collection[str]) -> int:
    """Let the known attempts that temp.mapped has under other keys have keys of no other row; return how many."""
    job.execute("drop table if exists temp.renumbered")
    job.execute("create temp table renumbered (id integer primary key, source_key text not null)")
    if core not in job.part.repeats or not _owners_of_moved(job):
        return 0
    columns = [column for column in SAME if column in given]
    known = ", ".join(f"{SAME[column][0]} as {column}" for column in columns)
    mapped = ", ".join(f"{SAME[column][1]} as {column}" for column in columns)
    place = f"row_number() over (partition by {', '.join(columns)} order by source_key) as place"
    job.execute(f"""
        insert into temp.renumbered
        with known_rows as (
            select known.id, known.source_key, {known}
            from main.step_runs as known
            join main.steps on steps.id = known.step_id
            left join main.stories on stories.id = known.story_id
            left join main.runs on runs.id = known.run_id
            where
                known.id in (
                    select id from main.step_runs where story_id in (select story_id from temp.moved_owners)
                    union
                    select id from main.step_runs where run_id in (select run_id from temp.moved_owners)
                )
                and known.source_id = :source_id
                and known.input_id = :input_id
        ),

        mapped_rows as (
            select cast(source_key as text) as source_key, {mapped}
            from temp.mapped
        ),

        known_places as (select *, {place} from known_rows),

        mapped_places as (select *, {place} from mapped_rows)

        select known.id, mapped.source_key
        from known_places as known
        join mapped_places as mapped
            on mapped.place = known.place
            {" ".join(f"and mapped.{column} is known.{column}" for column in columns)}
        where
            coalesce(known.started_at, known.ended_at) is not null
            and mapped.source_key <> known.source_key""")
    # What was set aside before is brought back, and its run with it.
    job.execute("""
        insert or ignore into temp.brought_back
        select 'step_runs', id, ''
        from main.step_runs
        where id in (select id from temp.renumbered) and gone_at is not null""")
    job.execute("""
        delete from main.reused_keys
        where
            source_id = :source_id
            and kind = 'step_runs'
            and earlier_key in (
                select source_key
                from main.step_runs
                where id in (select id from temp.renumbered)
            )""")
    job.execute("""
        update main.step_runs
        set source_key = 'renumbered ' || id
        where id in (select id from temp.renumbered)""")
    return int(job.scalar("select count(*) from temp.renumbered"))


def _owners_of_moved(job: Job) -> bool:
    """Whether a key has work that ended at another time than the known work of the key; of which stories and runs."""
    job.execute("drop table if exists temp.moved_owners")
    job.execute("""
        create temp table moved_owners as
        select distinct
            known.story_id,
            known.run_id
        from temp.mapped
        cross join main.step_runs as known
            on known.source_id = :source_id and known.source_key = cast(mapped.source_key as text)
        where
            known.input_id = :input_id
            and known.ended_at is not null
            and known.ended_at is not mapped.ended_at""")
    return bool(job.scalar("select exists (select 1 from temp.moved_owners)"))


def move_renumbered(job: Job) -> None:
    """Give the parked rows their new keys; a row that has one of them still is work that the source has no more."""
    job.execute("""
        update main.step_runs
        set
            source_key = source_key || ' (' || coalesce(started_at, ended_at, id) || ')',
            gone_at = coalesce(gone_at, :now)
        where
            source_id = :source_id
            and source_key in (select source_key from temp.renumbered)""")
    job.execute("""
        update main.step_runs
        set source_key = renumbered.source_key
        from temp.renumbered
        where step_runs.id = renumbered.id""")
