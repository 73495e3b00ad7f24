"""Requests a second for each report's JSON, beside a constant report: as many rows, each like the report's first.

python -m benchmarks.serve --rows 1000000
"""

import contextlib
import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import click

import storyreport
from storyreport import bundle, reports, schema

from .asking import Given, questions
from .databases import usual
from .measure import Budget, show, show_machine, with_folder

CLIENTS = (1, 4, 8)
ROUNDS = 3
AGAINST_CONSTANT = Budget(0.5, is_floor=True)
CONSTANT = """\
/*
title: Constant
description: Rows that are known beforehand.
topic: Data
*/
with recursive numbers (number) as (
    select 1
    union all
    select number + 1
    from numbers
    where number < {rows}
)

select
    {values}
from numbers
limit {rows}
"""


def constant(path: Path, name: str, given: Given) -> str:
    """The file of a report that selects a constant: a report's columns, and its first row as often as it has rows."""
    with contextlib.closing(schema.open_for_reading(path)) as connection:
        columns, rows = reports.run(connection, reports.find(name), given)
        first = rows[0] if rows else (None,) * len(columns)
        quoted = connection.execute(f"select {', '.join('quote(?)' for _ in first)}", first).fetchone()
    values = (f'{value} as "{column}"' for value, column in zip(quoted, columns, strict=True))
    return CONSTANT.format(rows=len(rows), values=",\n    ".join(values))


def install(folder: Path) -> Path:
    """A copy of storyreport with its bundle, laid out as in a wheel, that may be given another report."""
    package = Path(shutil.copytree(Path(storyreport.__file__).parent, folder / "storyreport"))
    shutil.rmtree(package / "bundle", ignore_errors=True)
    (package / "bundle").mkdir()
    shutil.copy(bundle.root() / "metadata.yml", package / "bundle")
    for part in ("queries", "pages", "plugins", "templates", "static"):
        shutil.copytree(bundle.root() / part, package / "bundle" / part)
    return package


@contextlib.contextmanager
def serving(folder: Path, path: Path) -> Iterator[str]:
    """The address at which the storyreport in a folder serves a report database."""
    command = [sys.executable, "-m", "storyreport", "serve", "--port", "0", "--db", str(path.resolve())]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        line = server.stderr.readline()
        try:
            if not (found := re.search(r"http://\S+?(?=/? )", line)):
                raise click.ClickException(f"storyreport does not serve: {line}")
            yield found[0]
        finally:
            server.terminate()


def requests_per_second(address: str, page: str, clients: int, seconds: float) -> float:
    """How many answers so many clients get, each asking again as soon as it has one."""
    answers: list[int] = []
    host = urlsplit(address).netloc

    def ask(deadline: float) -> None:
        with contextlib.closing(http.client.HTTPConnection(host)) as connection:
            while time.monotonic() < deadline:
                connection.request("GET", page)
                response = connection.getresponse()
                response.read()
                answers.append(response.status)

    ask(time.monotonic() + 0.1)
    answers.clear()
    begun = time.monotonic()
    threads = [threading.Thread(target=ask, args=[begun + seconds]) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong := [status for status in answers if status != 200]:
        click.echo(f"{page}, {clients} clients: {len(wrong)} of {len(answers)} answers are {wrong[0]}", err=True)
    return len(answers) / (time.monotonic() - begun)


def median_rates(address: str, pages: Sequence[str], clients: int, seconds: float) -> list[float]:
    """The median rate of each page, asked for by turns."""
    rounds = [[requests_per_second(address, page, clients, seconds) for page in pages] for _ in range(ROUNDS)]
    return [statistics.median(rates) for rates in zip(*rounds, strict=True)]


def measure(path: Path, name: str, given: Given, seconds: float) -> list[object]:
    """A row of the table: a report and its constant, with more and more clients."""
    with tempfile.TemporaryDirectory() as folder:
        package = install(Path(folder))
        (package / "bundle" / "queries" / "constant.sql").write_text(constant(path, name, given), encoding="utf-8")
        pages = (
            f"/storyreport/{name}.json?{urlencode({'_shape': 'objects', **given})}",
            "/storyreport/constant.json?_shape=objects",
        )
        with serving(Path(folder), path) as address:
            rates = [median_rates(address, pages, clients, seconds) for clients in CLIENTS]
    worst = min(report / same for report, same in rates)
    return [name, *(f"{report:.0f} / {same:.0f}" for report, same in rates), *AGAINST_CONSTANT.verdict(worst)]


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Step runs.")
@click.option("--seconds", default=1.0, show_default=True, help="How long each page is asked for, three times.")
@click.option("--report", "names", multiple=True, help="Only this one; repeatable.")
@with_folder
def main(rows: int, seconds: float, names: tuple[str, ...], folder: Path) -> None:
    """Measure the server."""
    show_machine()
    path = usual(folder, rows)
    lines = []
    for name in names or reports.load_reports():
        with contextlib.closing(schema.open_for_reading(path)) as connection:
            given = questions(connection, reports.find(name))[-1]
        lines.append(measure(path, name, given, seconds))
    show(
        f"Requests a second for a report's JSON / for a constant's, at {rows:,} step runs",
        ["report", *(f"{clients} at once" for clients in CLIENTS), "worst ratio", "budget", "met"],
        lines,
    )


if __name__ == "__main__":
    main()
