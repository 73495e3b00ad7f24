"""What one new run of 15 steps costs, whatever the history's length and shape, beside an unchanged ingest.

python -m benchmarks.one_run --rows 31000 --rows 1000000
"""

import contextlib
import shutil
import sqlite3
import time
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path

import click

from .histories import Span, kept, write_tracker
from .load import fresh
from .measure import AGAIN, STORYREPORT, Ran, again, ran, show, show_machine, with_folder

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


WITHOUT_INDEXES = "drop index idx_step_status_story_id; drop index idx_step_history_story_id"


def write(path: Path, rows: int, shape: str) -> None:
    """Write a tracker's file."""
    write_tracker(path, rows, SPAN)
    if shape == "again":
        change(path, SHUFFLE)


def change(path: Path, script: str) -> None:
    """Run SQL in a tracker's file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def run_again(path: Path, number: int, shape: str) -> None:
    """One new run of 15 steps: of a new story, or of one that was there."""
    names = {"story": f"new-{number}" if shape == "once" else f"story-{number * 7}", "run": f"new-run-{number}"}
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for sql in (NEW_STORY, EXECUTIONS, STATES):
            connection.execute(sql, {**names, "at": f"2026-01-01 00:{number % 60:02}:00"})


def measure(ingest: tuple[str | Path, ...], studio: Path, shape: str, first: int) -> tuple[list[Ran], list[Ran]]:
    """Ingest by turns: after a new run, and unchanged."""
    changed, unchanged = [], []
    for number in range(first, first + TIMES):
        run_again(studio, number, shape)
        time.sleep(SETTLING_SECONDS)
        changed.append(ran(*ingest))
        ran(*ingest)
        unchanged.append(ran(*ingest))
    return changed, unchanged


@click.command()
@click.option("--rows", multiple=True, default=(31_000, 1_000_000), show_default=True, type=int, help="Repeatable.")
@with_folder
def main(rows: tuple[int, ...], folder: Path) -> None:
    """Measure what one new run costs."""
    show_machine()
    lines = []
    for count, shape in product(rows, SHAPES):
        source = kept(folder / f"tracker-{count}-{shape}.db", partial(write, rows=count, shape=shape))
        work = folder / "one_run"
        work.mkdir(exist_ok=True)
        studio = Path(shutil.copy(source, work / "studio.db"))
        ingest = (STORYREPORT, "ingest", studio, "--db", fresh(work / "report.db"))
        ran(*ingest)
        title = f"{count:,} step runs, stories run {shape}"
        lines.append(again(title, 3, *measure(ingest, studio, shape, 0)))
        change(studio, WITHOUT_INDEXES)
        ran(*ingest)
        lines.append(again(f"{title}, no indexes", 6, *measure(ingest, studio, shape, TIMES)))
        click.echo(" | ".join(map(" | ".join, lines[-2:])))
        shutil.rmtree(work)
    show("One new run of 15 steps / unchanged", AGAIN, lines)


if __name__ == "__main__":
    main()
