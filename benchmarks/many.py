"""What each of many unchanged sources costs: in one command where one of them has changed, and in a command of its own.

python -m benchmarks.many --sources 300
"""

import contextlib
import shutil
import sqlite3
import time
from pathlib import Path

import click

from .measure import STORYREPORT, Budget, median, ran, show, show_machine, with_folder
from .one_run import SETTLING_SECONDS, TIMES

STEPS = "create table step_runs (id integer primary key, run text, step text, status text, started_at text)"
STEP = (
    "insert into step_runs (run, step, status, started_at) values ('r', 'draft', 'completed', '2026-01-01T10:00:00Z')"
)


def add(path: Path, *statements: str) -> None:
    """Change a source."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@click.command()
@click.option("--sources", "count", default=300, show_default=True, type=int)
@with_folder
def main(count: int, folder: Path) -> None:
    """Measure what an unchanged source costs."""
    show_machine()
    work = folder / "many"
    work.mkdir()
    paths = [work / f"tracker-{number:03}.db" for number in range(count)]
    for path in paths:
        add(path, STEPS, STEP)
    ingest = (STORYREPORT, "ingest", "--db", work / "report.db")
    ran(*ingest, *paths)
    together = []
    for _ in range(TIMES):
        add(paths[0], STEP)
        time.sleep(SETTLING_SECONDS)
        together.append(ran(*ingest, *paths))
    for _ in range(2):
        ran(*ingest, paths[1])
    alone = [ran(*ingest, paths[1]) for _ in range(TIMES)]
    shutil.rmtree(work)
    lines = []
    for name, runs, shared in (("in one command, one has changed", together, count), ("a command each", alone, 1)):
        seconds, cpu_seconds = (
            median([one.seconds for one in runs]) / shared,
            median([one.cpu_seconds for one in runs]) / shared,
        )
        lines.append([name, f"{seconds * 1000:.1f}", f"{cpu_seconds * 1000:.1f}", *Budget(20).verdict(seconds * 1000)])
    show(f"An unchanged source of {count}", ["", "ms", "CPU ms", "ms", "budget", "met"], lines)


if __name__ == "__main__":
    main()
