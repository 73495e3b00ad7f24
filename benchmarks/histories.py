"""Histories of any length, the same ones every time: a tracker's, a video service's and a gateway's SQLite files.

Each is written by the SQL files beside this one. Days do not grow with the rows, and neither does what needs somebody
now: 200 stories that are stuck, pending, failed, blocked or orphaned.

    python -m benchmarks.histories --rows 1000000 FOLDER
"""

import contextlib
import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import partial
from pathlib import Path
from statistics import NormalDist

import click

BATCH_ROWS, BATCH_EXECUTIONS = 125, 120
TROUBLED_ROWS = 1000
QUANTILES = 1000
DAY_SECONDS = 24 * 3600
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Step:
    """A step of a pipeline: what it takes as a rule, and how much that varies (as the logarithm's deviation)."""

    name: str
    median_ms: int
    spread: float


# The tracker's own five, and ten more.
STEPS = (
    Step("01_ingest", 900, 0.35),
    Step("02_preprocess", 2_600, 0.45),
    Step("03_generate", 95_000, 0.55),
    Step("04_postprocess", 14_000, 0.40),
    Step("05_package", 31_000, 0.50),
    Step("06_dialogue", 41_000, 0.60),
    Step("07_review", 22_000, 0.40),
    Step("08_revise", 64_000, 0.70),
    Step("09_illustrate", 120_000, 0.65),
    Step("10_narrate", 48_000, 0.40),
    Step("11_music", 75_000, 0.50),
    Step("12_assemble", 31_000, 0.50),
    Step("13_encode", 210_000, 0.45),
    Step("14_caption", 6_000, 0.30),
    Step("15_publish", 1_500, 0.90),
)
# # stands for a number that differs each time.
MESSAGES = tuple(
    f"{service}: {cause}"
    for service in ("text model", "image model", "voice model", "music model", "video encoder", "storage")
    for cause in (
        "Error code: 429 - rate limit reached (request req_#)",
        "read timed out after # ms",
        "connection to 10.0.0.7:# refused",
        "Expecting ',' delimiter at char #",
        "CUDA out of memory: tried to allocate # MiB",
        "no such file: 'outputs/tmp_#.json'",
    )
)


@dataclass(frozen=True)
class Span:
    """The days of a history: so many, up to (not including) the last one's end."""

    until: date
    days: int = 365

    @property
    def ended(self) -> int:
        """Its end in seconds since 1970."""
        return int(datetime(self.until.year, self.until.month, self.until.day, tzinfo=timezone.utc).timestamp())

    @property
    def started(self) -> int:
        """Its beginning in seconds since 1970."""
        return self.ended - self.days * DAY_SECONDS


def write_tracker(path: Path, rows: int, span: Span, steps: Sequence[Step] = STEPS, has_troubles: bool = True) -> None:
    """Write a tracker's file with so many step runs, those of the troubled stories among them."""
    usual_rows = rows - TROUBLED_ROWS * has_troubles
    check_rows(usual_rows)
    with _writing(path) as connection:
        run_script(connection, "tracker.sql")
        _describe(connection, steps)
        _add_rows(connection, 0, usual_rows, usual_rows, span, steps)
        if has_troubles:
            run_script(connection, "tracker_troubles.sql", ended=span.ended)
        run_script(connection, "tracker_indexes.sql")


def append_to_tracker(path: Path, rows: int, new_rows: int, span: Span) -> None:
    """Let the pipeline of a tracker's file that was written with so many rows go on, as densely as before."""
    check_rows(new_rows)
    usual_rows = rows - TROUBLED_ROWS
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        _describe(connection, STEPS)
        _add_rows(connection, usual_rows, usual_rows + new_rows, usual_rows, span, STEPS)


def write_media(path: Path, workflows: int, span: Span) -> None:
    """Write a video service's file, with 25 paid calls a workflow."""
    with _writing(path) as connection:
        run_script(connection, "media.sql", workflows=workflows, started=span.started, ended=span.ended)


def write_gateway(path: Path, calls: int, span: Span) -> None:
    """Write a model gateway's file."""
    with _writing(path) as connection:
        run_script(connection, "gateway.sql", calls=calls, started=span.started, ended=span.ended)


def write_all(folder: Path, rows: int, span: Span) -> list[Path]:
    """The three files of a history with so many step runs, and a paid call for every two of them; kept if there."""
    writers = {
        "tracker": partial(write_tracker, rows=rows, span=span),
        "movies": partial(write_media, workflows=rows // 100, span=span),
        "gateway": partial(write_gateway, calls=rows // 4, span=span),
    }
    return [kept(folder / f"{name}-{rows}-{span.until}.db", write) for name, write in writers.items()]


def write_wide(folder: Path, sources: int, rows_each: int, steps_each: int, span: Span) -> list[Path]:
    """Many small trackers over many days, no step in two of them; kept if there."""
    paths = []
    for source in range(sources):
        steps = [Step(f"step_{source * steps_each + place:05}", 1000 * (1 + place), 0.5) for place in range(steps_each)]
        write = partial(write_tracker, rows=rows_each, span=span, steps=steps, has_troubles=False)
        paths.append(kept(folder / f"studio_{source:04}.db", write))
    return paths


def kept(path: Path, write: Callable[[Path], None]) -> Path:
    """A file that is written unless it is there already; half of one is never taken for it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.unlink(missing_ok=True)
        write(half)
        half.rename(path)
    return path


def check_rows(rows: int) -> None:
    """Refuse what is no number of whole batches."""
    if rows <= 0 or rows % BATCH_ROWS:
        raise click.UsageError(f"Rows must be a multiple of {BATCH_ROWS}, and more than {TROUBLED_ROWS}.")


def run_script(connection: sqlite3.Connection, name: str, **values: object) -> None:
    """Run a script beside this file, with the same values for each of its statements."""
    statement = ""
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement, values)
            statement = ""


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    with contextlib.closing(connection):
        # A file that a crash has broken is written again.
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        connection.execute("begin")
        yield connection
        connection.execute("commit")


def _describe(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Tell SQL of the steps, of how long they take (log-normally distributed, as work is), and of what goes wrong."""
    factors = [NormalDist().inv_cdf((quantile + 0.5) / QUANTILES) for quantile in range(QUANTILES)]
    connection.execute("create temp table steps (step integer primary key, name)")
    connection.execute("create temp table durations (step, quantile, ms, primary key (step, quantile)) without rowid")
    connection.execute("create temp table messages (message integer primary key, text)")
    connection.executemany("insert into steps values (?, ?)", enumerate(step.name for step in steps))
    connection.executemany("insert into messages values (?, ?)", enumerate(MESSAGES))
    connection.executemany(
        "insert into durations values (?, ?, ?)",
        (
            (number, quantile, round(step.median_ms * math.exp(step.spread * factor)))
            for number, step in enumerate(steps)
            for quantile, factor in enumerate(factors)
        ),
    )


def _add_rows(
    connection: sqlite3.Connection, first: int, after: int, usual_rows: int, span: Span, steps: Sequence[Step]
) -> None:
    assert BATCH_EXECUTIONS % len(steps) == 0, "a batch takes whole stories through all steps"
    run_script(
        connection,
        "tracker_rows.sql",
        first=first,
        after=after,
        batch_stories=BATCH_EXECUTIONS // len(steps),
        started=span.started,
        seconds_each=span.days * DAY_SECONDS / usual_rows,
    )


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--rows", default=1_000_000, show_default=True, help="Step runs.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default="2026-01-01", show_default=True, help="Its end.")
def main(folder: Path, rows: int, until: datetime) -> None:
    """Write a history into FOLDER: of a tracker, a video service and a model gateway, over one year."""
    for path in write_all(folder, rows, Span(until.date())):
        click.echo(f"{path}: {path.stat().st_size / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
