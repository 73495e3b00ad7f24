"""What each report costs, at several sizes of the history, and beside DuckDB.

python -m benchmarks.reports --rows 1000000 --rows 10000000
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path

import click

from storyreport import reports, schema

from .asking import Given, asked, narrowed, questions, titled
from .databases import usual
from .measure import Budget, median_ms, show, show_machine, shown, with_folder

GROWTH = Budget(1.5)
AGAINST_DUCKDB = Budget(25, is_floor=True)
# Less than this is counted as this: a ratio of hundredths of a millisecond says nothing.
LEAST_MS = 1


def of_each(paths: dict[int, Path], ask: Callable[..., list[Given]]) -> list[tuple[str, list[Given]]]:
    """Every report in queries/ with what it is asked of each database: the one thing there, the source there."""
    asked_of = []
    for path in paths.values():
        with contextlib.closing(schema.open_for_reading(path)) as connection:
            known = reports.load_reports().items()
            asked_of.append([(name, given) for name, found in known for given in ask(connection, found)])
    return [(same[0][0], [given for _, given in same]) for same in zip(*asked_of, strict=True)]


def measure(paths: dict[int, Path], name: str, given: Sequence[Given]) -> tuple[list[str], float]:
    """A report's rows and its time at each size, and how it grows from the smallest to the largest."""
    counted = [asked(path, reports.find(name), each) for path, each in zip(paths.values(), given, strict=True)]
    times = [ms for _, ms in counted]
    cells = [titled(name, given[-1]), f"{counted[-1][0]:,}", *(f"{ms:,.2f}" for ms in times)]
    return cells, max(times[-1], LEAST_MS) / max(times[0], LEAST_MS)


def measure_reports(paths: dict[int, Path]) -> None:
    """Every report in queries/, as it is and about one thing, then narrowed."""
    columns = ["report", "rows", *(f"ms at {rows:,}" for rows in paths), "ratio"]
    measured = [measure(paths, *question) for question in of_each(paths, questions)]
    show("Reports", [*columns, "budget", "met"], [[*cells, *GROWTH.verdict(ratio)] for cells, ratio in measured])
    measured = [measure(paths, *question) for question in of_each(paths, narrowed)]
    show("Reports of one month, of one source", columns, [[*cells, shown(ratio)] for cells, ratio in measured])


def measure_against_duckdb(path: Path, rows: int) -> None:
    """The reports whose question DuckDB is asked too."""
    from . import duck

    with contextlib.closing(schema.open_for_reading(path)) as connection:
        peer = duck.copy(connection)
    lines = []
    for name in duck.QUESTIONS:
        count, ms = asked(path, reports.find(name), {})
        found = len(duck.answer(peer, name))
        if found != count:
            raise click.ClickException(f"{name}: DuckDB has {found} rows, the report {count}.")
        peer_ms = median_ms(partial(duck.answer, peer, name))
        lines.append([name, f"{count:,}", f"{peer_ms:.2f} / {ms:.2f}", *AGAINST_DUCKDB.verdict(peer_ms / ms)])
    show(
        f"DuckDB {metadata.version('duckdb')} / report at {rows:,} step runs",
        ["report", "rows", "ms", "ratio", "budget", "met"],
        lines,
    )


@click.command()
@click.option(
    "--rows", multiple=True, default=(1_000_000, 10_000_000), show_default=True, type=int, help="Step runs; repeatable."
)
@with_folder
def main(rows: Sequence[int], folder: Path) -> None:
    """Measure the reports."""
    show_machine()
    paths = {count: usual(folder, count) for count in sorted(rows)}
    measure_reports(paths)
    measure_against_duckdb(paths[max(paths)], max(paths))


if __name__ == "__main__":
    main()
