"""What one new run of 15 steps costs, whatever the history's length and shape, beside an unchanged ingest.

python -m benchmarks.one_run --rows 31000 --rows 1000000
"""

import contextlib
import shutil
import sqlite3
import time
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path

import click

from .histories import Span, kept, write_tracker
from .load import fresh
from .measure import STORYREPORT, Budget, ran, show, show_machine, with_folder

SPAN = Span(date(2026, 1, 1))
TIMES = 5
# Stories are run once, one after the other; or again and again, in any order.
SHAPES = ("once", "again")
SETTLING_SECONDS = 2.5  # a file that was written just now may be written again within the same tick of its clock
SHUFFLE = """
    create table shuffled as select * from step_history order by (id * 2654435761) & 4294967295;
    delete from step_history;
    insert into step_history (story_id, step_name, run_id, status, error_message, execution_time_ms, timestamp)
    select story_id, step_name, run_id, status, error_message, execution_time_ms, timestamp from shuffled;
    drop table shuffled;
"""
NEW_STORY = "insert or ignore into stories (story_id, title, created_at, updated_at) values (:story, 'new', :at, :at)"
EXECUTIONS = """
    insert into step_history (story_id, step_name, run_id, status, execution_time_ms, timestamp)
    select :story, step_name, :run, 'completed', 1000, :at
    from (select distinct step_name from step_history where id <= (select min(id) + 2000 from step_history))
    limit 15
"""
STATES = """
    insert or replace into step_status (story_id, step_name, status, run_id, completed_at, created_at)
    select :story, step_name, 'completed', :run, :at, :at
    from step_history
    where run_id = :run and id > (select max(id) from step_history) - 15
"""


@dataclass(frozen=True)
class Took:
    """The medians of an unchanged ingest and of one after a new run, in seconds."""

    unchanged: float
    new_run: float
    unchanged_cpu: float
    new_run_cpu: float
    said: str


def write(path: Path, rows: int, shape: str, has_indexes: bool) -> None:
    """Write a tracker's file."""
    write_tracker(path, rows, SPAN)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        if shape == "again":
            connection.executescript(SHUFFLE)
        if not has_indexes:
            connection.executescript("drop index idx_step_status_story_id; drop index idx_step_history_story_id")


def run_again(path: Path, number: int, shape: str) -> None:
    """One new run of 15 steps: of a new story, or of one that was there."""
    names = {"story": f"new-{number}" if shape == "once" else f"story-{number * 7}", "run": f"new-run-{number}"}
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for sql in (NEW_STORY, EXECUTIONS, STATES):
            connection.execute(sql, {**names, "at": f"2026-01-01 00:{number % 60:02}:00"})


def median(values: list[float]) -> float:
    """The median of an odd number of values."""
    return sorted(values)[len(values) // 2]


def measure(studio: Path, report: Path, shape: str) -> Took:
    """Ingest by turns: after a new run, and unchanged."""
    ingest = (STORYREPORT, "ingest", studio, "--db", report)
    ran(*ingest)
    changed, unchanged = [], []
    for number in range(TIMES):
        run_again(studio, number, shape)
        time.sleep(SETTLING_SECONDS)
        changed.append(ran(*ingest))
        ran(*ingest)
        unchanged.append(ran(*ingest))
    return Took(
        median([one.seconds for one in unchanged]),
        median([one.seconds for one in changed]),
        median([one.cpu_seconds for one in unchanged]),
        median([one.cpu_seconds for one in changed]),
        changed[-1].said,
    )


@click.command()
@click.option("--rows", multiple=True, default=(31_000, 1_000_000), show_default=True, type=int, help="Repeatable.")
@with_folder
def main(rows: tuple[int, ...], folder: Path) -> None:
    """Measure what one new run costs."""
    show_machine()
    lines = []
    for count, shape, has_indexes in product(rows, SHAPES, (True, False)):
        name = f"tracker-{count}-{shape}{'' if has_indexes else '-plain'}.db"
        source = kept(folder / name, partial(write, rows=count, shape=shape, has_indexes=has_indexes))
        work = folder / "one_run"
        work.mkdir(exist_ok=True)
        studio = Path(shutil.copy(source, work / "studio.db"))
        took = measure(studio, fresh(work / "report.db"), shape)
        shutil.rmtree(work)
        click.echo(took.said)
        lines.append(
            [
                f"{count:,} step runs, stories run {shape}{'' if has_indexes else ', no indexes'}",
                f"{took.new_run:.3f} / {took.unchanged:.3f}",
                f"{took.new_run_cpu:.3f} / {took.unchanged_cpu:.3f}",
                *Budget(3 if has_indexes else 6).verdict(took.new_run / took.unchanged),
            ]
        )
    show("One new run of 15 steps / unchanged", ["", "s", "CPU s", "ratio", "budget", "met"], lines)


if __name__ == "__main__":
    main()
