"""How long every page takes, beside a constant report's page.

python -m benchmarks.pages --rows 1000000
"""

import contextlib
import http.client
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import click

from storyreport import reports, schema

from .asking import ONE_THING, questions
from .databases import usual
from .measure import Budget, show, show_machine, with_folder
from .serve import CONSTANT, install, serving

CLIENTS = (1, 4, 16)
FEW = 4  # clients that ask for every page
CONSTANT_PAGE = "/storyreport/constant"
CONSTANT_ROWS = 15
HOME_AGAINST_CONSTANT = Budget(3)
# 250 ms where the constant report's page, asked for by one client, takes 15.
SLOWEST_AGAINST_CONSTANT = Budget(250 / 15)
OWN = ("/", "/-/reports", "/-/pages", *(f"/-/page/{name}" for name in ("cost", "operations", "quality")))
DATASETTES = ("/storyreport/step_runs", "/storyreport/runs")
PIPELINE = "select name from pipelines where id = (select max(pipeline_id) from runs)"


def pages(path: Path) -> list[str]:
    """Every page of ours, with defaults: those of one thing with the last one that has something to tell."""
    with contextlib.closing(schema.open_for_reading(path)) as connection:
        found = reports.load_reports()
        asked = [(name, questions(connection, found[name])[-1]) for name in found]
        things = {"pipeline": PIPELINE, **{kind: ONE_THING[kind] for kind in ("run", "step", "story")}}
        keys = {kind: connection.execute(sql).fetchone() for kind, sql in things.items()}
    details = [f"/-/{kind}/{quote(str(key[0]), safe='')}" for kind, key in keys.items() if key]
    return [*OWN, *details, *(f"/storyreport/{name}?{urlencode(given)}".rstrip("?") for name, given in asked)]


def latencies_ms(address: str, page: str, clients: int, requests: int) -> list[float]:
    """How long each request of so many clients takes, each asking again as soon as it has an answer; in their order."""
    host, taken = urlsplit(address).netloc, []

    def ask() -> None:
        with contextlib.closing(http.client.HTTPConnection(host)) as connection:
            for _ in range(requests // clients):
                begun = time.perf_counter()
                connection.request("GET", page, headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                answer.read()
                taken.append(1000 * (time.perf_counter() - begun))
                if answer.status != 200:
                    raise click.ClickException(f"{page} answers {answer.status}")

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(taken)


def percentile(values: list[float], percent: int) -> float:
    """A percentile of sorted values, by the nearest rank."""
    return values[min(len(values) - 1, len(values) * percent // 100)]


def measured(address: str, page: str, clients: int, requests: int) -> tuple[float, float]:
    """A page's median and 95th percentile in ms, after one request of each client that is not counted."""
    latencies_ms(address, page, clients, clients)
    taken = latencies_ms(address, page, clients, requests)
    return percentile(taken, 50), percentile(taken, 95)


def measure_home(address: str, requests: int) -> list[list[object]]:
    """The home page beside a constant report's, with more and more clients."""
    lines: list[list[object]] = []
    for clients in CLIENTS:
        same, home = (measured(address, page, clients, requests) for page in (CONSTANT_PAGE, "/"))
        both = (f"{own:.0f} / {other:.0f}" for own, other in zip(home, same, strict=True))
        lines.append([clients, *both, *HOME_AGAINST_CONSTANT.verdict(home[0] / same[0])])
    return lines


def measure_pages(address: str, path: Path, requests: int) -> list[list[object]]:
    """Every page with a few clients, the slowest first."""
    one, _ = measured(address, CONSTANT_PAGE, 1, requests)
    taken = {page: measured(address, page, FEW, requests) for page in (*pages(path), *DATASETTES)}
    lines: list[list[object]] = []
    for page, (middle, most) in sorted(taken.items(), key=lambda item: -item[1][1]):
        verdict = SLOWEST_AGAINST_CONSTANT.verdict(most / one)
        lines.append([page, f"{middle:.0f}", f"{most:.0f}", *(verdict if page not in DATASETTES else verdict[:1])])
    return [[f"{CONSTANT_PAGE}, one client", f"{one:.0f}", "", ""], *lines]


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Step runs.")
@click.option("--requests", default=160, show_default=True, help="Requests for each page and number of clients.")
@with_folder
def main(rows: int, requests: int, folder: Path) -> None:
    """Measure pages."""
    show_machine()
    path = usual(folder, rows)
    with tempfile.TemporaryDirectory() as place:
        package = install(Path(place))
        constant = CONSTANT.format(rows=CONSTANT_ROWS, values="number")
        (package / "bundle" / "queries" / "constant.sql").write_text(constant, encoding="utf-8")
        with serving(Path(place), path) as address:
            home = measure_home(address, requests)
            others = measure_pages(address, path, requests)
    verdict = ("ratio", "budget", "met")
    show(f"The home page / a constant report's at {rows:,} step runs", ["clients", "p50 ms", "p95 ms", *verdict], home)
    show(
        f"Pages at {rows:,} step runs, {FEW} clients, beside a constant report's page with one",
        ["page", "p50 ms", "p95 ms", *verdict],
        others,
    )


if __name__ == "__main__":
    main()
