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
from .measure import STORYREPORT, Budget, Ran, median_seconds, ran, show, show_machine, shown, with_folder

SPAN = Span(date(2026, 1, 1))
FEW_ROWS = 1_000_000  # up to so many everything is measured three times
SAMPLE_ROWS = 200_000
CHANGED_ROWS = 10_000
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
LAST, SPREAD = "true", "id % :every = 0"


def fresh(path: Path) -> Path:
    """A path where no database lies any more."""
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    return path


def median_runs(times: int, *contenders: Callable[[], Ran]) -> list[Ran]:
    """The median run of each contender, by turns."""
    rounds = [[run() for run in contenders] for _ in range(times)]
    return [sorted(runs, key=lambda run: run.seconds)[times // 2] for runs in zip(*rounds, strict=True)]


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


def change(path: Path, which: str, rows: int) -> None:
    """Check 10,000 steps of a tracker again."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        every = max(1, rows // CHANGED_ROWS - 1)
        connection.execute(CHECK_AGAIN.format(which=which), {"changed": CHANGED_ROWS, "every": every})


def measure_load(folder: Path, rows: int) -> None:
    """Load a tracker of so many step runs with each contender, then again after changes."""
    source = kept(folder / f"tracker-{rows}-{SPAN.until}.db", partial(write_tracker, rows=rows, span=SPAN))
    work = folder / "load"
    work.mkdir(exist_ok=True)
    # Its tracker will go on, the kept one must not.
    studio = Path(shutil.copy(source, work / "studio.db"))
    report, bare = work / "report.db", work / "bare.db"
    ingest = (STORYREPORT, "ingest", studio, "--db", report)

    loaded, floor, copied = median_runs(
        3 if rows <= FEW_ROWS else 1,
        lambda: ran(STORYREPORT, "ingest", studio, "--db", fresh(report)),
        lambda: ran(sys.executable, "-m", "benchmarks.bare", "--fair", studio, fresh(bare)),
        lambda: ran(sys.executable, "-m", "benchmarks.bare", studio, fresh(bare)),
    )
    inserted = insert_with_sqlite_utils(bare, work)
    click.echo(f"\n{loaded.said}")
    show(
        f"Loading {rows:,} step runs",
        ["", "s", "CPU s", "step runs/s", "peak MB", "ratio", "budget", "met"],
        [
            [
                "`storyreport ingest` / the fair floor",
                f"{loaded.seconds:.2f} / {floor.seconds:.2f}",
                f"{loaded.cpu_seconds:.2f} / {floor.cpu_seconds:.2f}",
                f"{rows / loaded.seconds:,.0f} / {rows / floor.seconds:,.0f}",
                f"{loaded.peak_bytes / 1e6:.0f} / {floor.peak_bytes / 1e6:.0f}",
                *Budget(1.6).verdict(loaded.cpu_seconds / floor.cpu_seconds),
            ],
            [
                "`storyreport ingest` / bare `INSERT … SELECT`",
                f"{loaded.seconds:.2f} / {copied.seconds:.2f}",
                f"{loaded.cpu_seconds:.2f} / {copied.cpu_seconds:.2f}",
                f"{rows / loaded.seconds:,.0f} / {rows / copied.seconds:,.0f}",
                f"{loaded.peak_bytes / 1e6:.0f} / {copied.peak_bytes / 1e6:.0f}",
                shown(loaded.seconds / copied.seconds),
                "",
                "",
            ],
            [
                "`sqlite-utils insert` / `storyreport ingest`",
                f"{inserted.seconds:.2f} / {loaded.seconds:.2f}",
                f"{inserted.cpu_seconds:.2f} / {loaded.cpu_seconds:.2f}",
                f"{rows / inserted.seconds:,.0f} / {rows / loaded.seconds:,.0f}",
                f"{inserted.peak_bytes / 1e6:.0f} / {loaded.peak_bytes / 1e6:.0f}",
                *Budget(10, is_floor=True).verdict(inserted.seconds / loaded.seconds),
            ],
            [
                f"peak memory / {MOST_MEMORY_MB} MB",
                "",
                "",
                "",
                f"{loaded.peak_bytes / 1e6:.0f} / {MOST_MEMORY_MB}",
                *Budget(1).verdict(loaded.peak_bytes / 1e6 / MOST_MEMORY_MB),
            ],
        ],
    )

    version_seconds = median_seconds([STORYREPORT, "--version"], 11)
    unchanged_seconds = median_seconds(ingest, 5)
    changes = [
        (f"{CHANGED_ROWS:,} new step runs", 0.01, partial(append_to_tracker, studio, rows, CHANGED_ROWS, SPAN)),
        (f"{CHANGED_ROWS:,} changed, the last ones", 0.01, partial(change, studio, LAST, rows)),
        (f"{CHANGED_ROWS:,} changed, some of every day", 0.03, partial(change, studio, SPREAD, rows)),
    ]
    changed = []
    for what, budget, do in changes:
        do()
        again = ran(*ingest)
        click.echo(again.said)
        changed.append(
            [
                f"{what} / the whole load",
                f"{again.seconds:.3f} / {loaded.seconds:.2f}",
                f"{again.cpu_seconds:.3f} / {loaded.cpu_seconds:.2f}",
                f"{again.peak_bytes / 1e6:.0f}",
                *Budget(budget).verdict(again.cpu_seconds / loaded.cpu_seconds),
            ]
        )
    show(
        f"Ingesting {rows:,} step runs again",
        ["", "s", "CPU s", "peak MB", "ratio", "budget", "met"],
        [
            [
                "unchanged / `storyreport --version`",
                f"{unchanged_seconds:.3f} / {version_seconds:.3f}",
                "",
                "",
                *Budget(1.5).verdict(unchanged_seconds / version_seconds),
            ],
            *changed,
        ],
    )
    shutil.rmtree(work)


def measure_start() -> None:
    """Start storyreport and bare Python."""
    bare = median_seconds([sys.executable, "-c", "pass"], 11)
    started = {word: median_seconds([STORYREPORT, word], 11) for word in ("--version", "--help")}
    show(
        "Starting",
        ["", "s", "ratio", "budget", "met"],
        [
            [f"`storyreport {word}` / `python -c pass`", f"{took:.3f} / {bare:.3f}", *Budget(3).verdict(took / bare)]
            for word, took in started.items()
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
