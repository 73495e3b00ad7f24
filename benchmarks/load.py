"""What loading costs, beside bare SQL and sqlite-utils; what it costs again; what starting costs.

python -m benchmarks.load --rows 1000000
"""

import contextlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import click

from storyreport import rollups, schema

from .histories import Span, append_to_tracker, kept, write_tracker
from .measure import (
    AGAIN,
    STORYREPORT,
    Budget,
    Ran,
    again,
    cpu,
    cpu_ratio,
    median,
    peak_mb,
    ran,
    show,
    show_machine,
    shown,
    times,
    wall,
    with_folder,
)

SPAN = Span(date(2026, 1, 1))
FEW_ROWS = 1_000_000  # up to so many everything is measured three times
SAMPLE_ROWS = 200_000
CHANGED_ROWS = 10_000
CHANGES = 3
MOST_MEMORY_MB = 300
# A check that is made again and fails: the tracker replaces the row. The last ones, or some of every day.
CHECK_AGAIN = """
    insert or replace into step_status
    (story_id, step_name, status, acceptance_passed, acceptance_details, completed_at, created_at)
    select story_id, step_name, 'failed', 0, 'checked again', completed_at, created_at
    from step_status
    where status = 'completed' and {which}
    order by id desc
    limit :changed
"""
LAST, SPREAD = "true", "id % :every = :turn"


def fresh(path: Path) -> Path:
    """A path where no database lies any more."""
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    return path


def by_turns(times: int, *contenders: Callable[[], Ran]) -> list[list[Ran]]:
    """The runs of each contender, made by turns."""
    rounds = [[run() for run in contenders] for _ in range(times)]
    return [list(runs) for runs in zip(*rounds, strict=True)]


def compared(title: str, rows: int, runs: list[Ran], others: list[Ran]) -> list[str]:
    """The cells of a table that compare two ways of loading the same rows."""
    contenders = (runs, others)
    return [
        title,
        " / ".join(map(wall, contenders)),
        " / ".join(map(cpu, contenders)),
        " / ".join(f"{rows / median([run.seconds for run in each]):,.0f}" for each in contenders),
        " / ".join(f"{peak_mb(each):.0f}" for each in contenders),
    ]


def insert_with_sqlite_utils(bare: Path, work: Path) -> Ran:
    """Insert the rows of a database into the empty tables of another, as sqlite-utils' command line does it.

    It is given a part of each table, and its time is scaled to all of it.
    """
    database, lines = fresh(work / "sqlite_utils.db"), work / "rows.jsonl"
    with contextlib.closing(schema.connect(database)) as connection:
        rollups.update(connection)
    seconds, cpu_seconds, peak_bytes = 0.0, 0.0, 0
    for table in ("stories", "runs", "step_runs"):
        share = sample(bare, table, lines)
        part = ran(sys.executable, "-m", "sqlite_utils", "insert", database, table, lines, "--nl")
        seconds += part.seconds / share
        cpu_seconds += part.cpu_seconds / share
        peak_bytes = max(peak_bytes, part.peak_bytes)
    return Ran(seconds, cpu_seconds, peak_bytes, "")


def sample(database: Path, table: str, lines: Path) -> float:
    """Write the first rows of a table as JSON lines; return which share of it they are."""
    with contextlib.closing(sqlite3.connect(database)) as connection, lines.open("w", encoding="utf-8") as file:
        columns = [name for _, name, *_, hidden in connection.execute(f"pragma table_xinfo({table})") if not hidden]
        for row in connection.execute(f"select {', '.join(columns)} from {table} limit {SAMPLE_ROWS}"):
            file.write(json.dumps(dict(zip(columns, row, strict=True))) + "\n")
        count: int = connection.execute(f"select count(*) from {table}").fetchone()[0]
    return min(1.0, SAMPLE_ROWS / count)


def append(path: Path, rows: int, turn: int) -> None:
    """Let a tracker go on by 10,000 step runs."""
    append_to_tracker(path, rows + turn * CHANGED_ROWS, CHANGED_ROWS, SPAN)


def change(path: Path, rows: int, which: str, turn: int) -> None:
    """Check 10,000 steps of a tracker again: other ones each time, since those have failed."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        every = max(1, rows // CHANGED_ROWS - 1)
        connection.execute(CHECK_AGAIN.format(which=which), {"changed": CHANGED_ROWS, "every": every, "turn": turn})


def measure_load(folder: Path, rows: int) -> None:
    """Load a tracker of so many step runs with each contender, then again after changes."""
    source = kept(folder / f"tracker-{rows}-{SPAN.until}.db", partial(write_tracker, rows=rows, span=SPAN))
    work = folder / "load"
    work.mkdir(exist_ok=True)
    # Its tracker will go on, the kept one must not.
    studio = Path(shutil.copy(source, work / "studio.db"))
    report, bare = work / "report.db", work / "bare.db"
    ingest = (STORYREPORT, "ingest", studio, "--db", report)

    loaded, floor, copied = by_turns(
        3 if rows <= FEW_ROWS else 1,
        lambda: ran(STORYREPORT, "ingest", studio, "--db", fresh(report)),
        lambda: ran(sys.executable, "-m", "benchmarks.bare", "--fair", studio, fresh(bare)),
        lambda: ran(sys.executable, "-m", "benchmarks.bare", studio, fresh(bare)),
    )
    inserted = [insert_with_sqlite_utils(bare, work)]
    click.echo(f"\n{loaded[-1].said}")
    show(
        f"Loading {rows:,} step runs",
        ["", "s", "CPU s", "step runs/s", "peak MB", "ratio", "budget", "met"],
        [
            [
                *compared("`storyreport ingest` / the fair floor", rows, loaded, floor),
                *Budget(1.6).verdict(cpu_ratio(loaded, floor)),
            ],
            [
                *compared("`storyreport ingest` / bare `INSERT … SELECT`", rows, loaded, copied),
                shown(cpu_ratio(loaded, copied)),
                "",
                "",
            ],
            [
                *compared("`sqlite-utils insert` / `storyreport ingest`", rows, inserted, loaded),
                *Budget(10, is_floor=True).verdict(cpu_ratio(inserted, loaded)),
            ],
            [
                f"peak memory / {MOST_MEMORY_MB} MB",
                "",
                "",
                "",
                f"{peak_mb(loaded):.0f} / {MOST_MEMORY_MB}",
                *Budget(1).verdict(peak_mb(loaded) / MOST_MEMORY_MB),
            ],
        ],
    )
    show(
        f"Ingesting {rows:,} step runs again",
        AGAIN,
        [
            again("unchanged / `storyreport --version`", 1.5, times(ingest, 11), times([STORYREPORT, "--version"], 11)),
            *measure_changes(studio, rows, ingest, loaded),
        ],
    )
    shutil.rmtree(work)


def measure_changes(studio: Path, rows: int, ingest: tuple[str | Path, ...], loaded: list[Ran]) -> list[list[str]]:
    """Change the tracker three times in each of three ways, and load what has changed."""
    lines = []
    for what, budget, do in (
        ("new step runs", 0.01, partial(append, studio, rows)),
        ("changed, the last ones", 0.01, partial(change, studio, rows, LAST)),
        ("changed, some of every day", 0.03, partial(change, studio, rows, SPREAD)),
    ):
        runs = []
        for turn in range(CHANGES):
            do(turn)
            runs.append(ran(*ingest))
        click.echo(runs[-1].said)
        lines.append(again(f"{CHANGED_ROWS:,} {what} / the whole load", budget, runs, loaded))
    return lines


def measure_start() -> None:
    """Start storyreport and bare Python."""
    bare = times([sys.executable, "-c", "pass"], 11)
    show(
        "Starting",
        AGAIN,
        [
            again(f"`storyreport {word}` / `python -c pass`", 3, times([STORYREPORT, word], 11), bare)
            for word in ("--version", "--help")
        ],
    )


@click.command()
@click.option("--rows", multiple=True, default=(1_000_000,), show_default=True, type=int, help="Step runs; repeatable.")
@with_folder
def main(rows: tuple[int, ...], folder: Path) -> None:
    """Measure loading."""
    show_machine()
    for count in rows:
        measure_load(folder, count)
    measure_start()


if __name__ == "__main__":
    main()
