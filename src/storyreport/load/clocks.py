"""Times that a source writes in its server's own time zone, corrected by a time of the same source that is UTC.

A story is registered (UTC) just before its job ends (local time): so the two are whole quarters of an hour apart, and
how many is the server's offset, row by row where the server moved or summer time ended. Rows without such a proof have
the offset of the row before them, or of the one after them if they then took less, unless they took minutes as they
stand. Without any proof, durations that all lie just above whole quarters are evidence.
"""

from ..system import Clock, Table, Type
from .job import Job

# In quarters of an hour: a clock may lag by five seconds, and what is between the two times takes up to five minutes.
LAG, GAP = 1 / 180, 1 / 3
# No zone is further from UTC than 14 h. Work of less than an hour is no evidence.
MOST, LEAST = 56, 4
# So many rows are evidence.
ENOUGH = 3
PROVED = "{time} shows how far the clock of these times was from UTC, and they are read so."
GUESSED = "These times are whole quarters of an hour too late or too early, as a local time is, and are read as UTC."
UNKNOWN = "They may be local times of a zone east of UTC, which nothing proves: if so, ingest with --timezone."


def _quarters(distance: str) -> str:
    """The whole quarters of an hour in a distance, rounded down."""
    return f"(cast({distance} + 1000 + {LAG} as integer) - 1000)"


# The whole quarters by which each row of rows_of_clock is off UTC; null where that is unknown.
MEASURED = f"""
distances as (
    select
        *,
        (julianday(ended_at) - julianday(proof_at)) * 96 as from_proof,
        (julianday(ended_at) - julianday(began_at)) * 96 as from_begin,
        row_number() over (order by began_at, key) as place
    from rows_of_clock
    where ended_at is not null
),

proofs as (
    select
        *,
        case
            when from_proof - {_quarters("from_proof")} <= {GAP} and abs({_quarters("from_proof")}) <= {MOST}
                then {_quarters("from_proof")}
        end as shown,
        case
            when
                from_begin - {_quarters("from_begin")} <= {GAP}
                and abs({_quarters("from_begin")}) between {LEAST} and {MOST}
                then {_quarters("from_begin")}
        end as likely
    from distances
),

votes as (
    select
        shown,
        count(*) as votes
    from proofs
    group by shown
),

-- A story of another job proves nothing: one that has the key of a deleted one, or is older than this job.
proved as (
    select
        proofs.*,
        case
            when from_begin - proofs.shown < -{LAG} then null
            when likely = proofs.shown or coalesce(others.votes, 0) <= own.votes then proofs.shown
        end as proved
    from proofs
    left join votes as own on own.shown = proofs.shown
    left join votes as others on others.shown = likely
),

placed as (
    select
        *,
        case when proved is not null then printf('%012d %d', place, proved) end as placed
    from proved
),

neighbours as (
    select
        *,
        {_quarters("from_begin")} as guessed,
        cast(substr(max(placed) over before, 14) as integer) as known_before,
        cast(substr(min(placed) over after, 14) as integer) as known_after,
        count(proved) over () as proofs,
        count(*) over () >= {ENOUGH}
        and max(from_begin - {_quarters("from_begin")}) over () <= {GAP}
        and min(abs(from_begin)) over () >= {LEAST}
        and max(abs({_quarters("from_begin")})) over () <= {MOST}
        and max({_quarters("from_begin")}) over () - min({_quarters("from_begin")}) over () <= 4 as is_evident
    from placed
    window
        before as (order by place rows between unbounded preceding and current row),
        after as (order by place desc rows between unbounded preceding and current row)
)

select
    key,
    case
        when proved is not null then proved
        -- Read as UTC it took minutes: no other zone makes that likelier.
        when from_begin between -{LAG} and {GAP} then 0
        -- The clock was put forward between the two proofs, before this row.
        when from_begin - known_after >= -{LAG} and known_after > known_before then known_after
        -- It was put back since the last proof: an hour, or as far as is likely.
        when from_begin - coalesce(known_before, known_after) < -{LAG}
            then coalesce(
                case when from_begin - known_before >= -{LAG} - 4 then known_before - 4 end,
                likely,
                known_before,
                known_after
            )
        when proofs > 0 then coalesce(known_before, known_after)
        when is_evident then guessed
        when from_begin - guessed <= {GAP} and guessed between {LEAST} and {MOST} then null
        else 0
    end,
    proofs > 0,
    ended_at
from neighbours"""


def correct_clocks(job: Job) -> None:
    """Find by how much the times of each clock are off, for the views to correct them; note what was found.

    All rows are looked at each time: any may prove the time of one that has changed.
    """
    for table, description in job.part.tables.items():
        clock, columns = description.clock, job.typed.columns(table)
        # A table without keys has no rows to load.
        if clock and table in job.typed.opened.tables and columns[next(iter(columns))][1]:
            name = f"clock_{table}"
            job.execute(f"drop table if exists temp.{name}")
            job.execute(f"create temp table {name} (key primary key, quarters, is_proved, ended_at)")
            job.typed.corrected.pop(table, None)
            _measure(job, table, description, clock)
            job.typed.corrected[table] = name


def _measure(job: Job, table: str, description: Table, clock: Clock) -> None:
    columns = {name: job.typed.value(table, kind, column) for name, (kind, column) in job.typed.columns(table).items()}
    key = next(iter(description.columns))
    proof = "null"
    shown = job.typed.columns(clock.table)
    if shown[clock.key][1]:
        time = job.typed.value(clock.table, Type.UTC, shown[clock.at][1])
        proof = f"""(
            select {time}
            {job.typed.source(clock.table, changes_only=False)}
                and {shown[clock.key][1]} = {columns[clock.refers_to]}
        )"""
    job.execute(f"""
        insert or ignore into temp.clock_{table}
        with rows_of_clock as (
            select
                {columns[key]} as key,
                {columns[clock.began]} as began_at,
                {columns[clock.column]} as ended_at,
                {proof} as proof_at
            {job.typed.source(table, changes_only=False)}
        ),
        {MEASURED}""")
    _note(job, table, clock)


def _note(job: Job, table: str, clock: Clock) -> None:
    """Say how many times were corrected, and how many cannot be."""
    for condition, problem, action in (
        ("quarters <> 0 and is_proved", "corrected", PROVED.format(time=f"{clock.table}.{clock.at}")),
        ("quarters <> 0 and not is_proved", "corrected", GUESSED),
        ("quarters is null", "may be in another time zone", UNKNOWN),
    ):
        rows, example = job.execute(f"""
            select
                count(*),
                min(
                    key || ': ' || ended_at
                    || case when quarters is not null then printf(' by %+.2f h', -quarters / 4.0) else '' end
                )
            from temp.clock_{table}
            where {condition}""").fetchone()
        if rows:
            job.findings.append(("times", f"{table}: {clock.column} {problem}", rows, example, action))
