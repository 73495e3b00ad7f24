"""How long the pages take that people open, beside a constant report's page: the home page and some reports.

python -m benchmarks.pages --rows 1000000
"""

import contextlib
import http.client
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import click

from .databases import usual
from .measure import Budget, show, show_machine, with_folder
from .serve import CONSTANT, install, serving

CLIENTS = (1, 4, 16)
PAGES = ("/", "/storyreport/slowest_steps", "/storyreport/cost", "/storyreport/stuck_runs", "/storyreport/step_runs")
CONSTANT_PAGE = "/storyreport/constant"
CONSTANT_ROWS = 15
HOME_AGAINST_CONSTANT = Budget(3)


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


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Step runs.")
@click.option("--requests", default=160, show_default=True, help="Requests for each page and number of clients.")
@with_folder
def main(rows: int, requests: int, folder: Path) -> None:
    """Measure pages."""
    show_machine()
    path = usual(folder, rows)
    lines = []
    with tempfile.TemporaryDirectory() as place:
        package = install(Path(place))
        constant = CONSTANT.format(rows=CONSTANT_ROWS, values="number")
        (package / "bundle" / "queries" / "constant.sql").write_text(constant, encoding="utf-8")
        with serving(Path(place), path) as address:
            for clients in CLIENTS:
                same = latencies_ms(address, CONSTANT_PAGE, clients, requests)
                for page in PAGES:
                    latencies_ms(address, page, clients, clients)
                    taken = latencies_ms(address, page, clients, requests)
                    ratio = percentile(taken, 50) / percentile(same, 50)
                    verdict = HOME_AGAINST_CONSTANT.verdict(ratio) if page == "/" else [f"{ratio:.3g}", "", ""]
                    lines.append([page, clients, *(f"{percentile(taken, part):.0f}" for part in (50, 95)), *verdict])
    show(
        f"Pages at {rows:,} step runs, beside a constant report's page",
        ["page", "clients", "p50 ms", "p95 ms", "p50 / constant's", "budget", "met"],
        lines,
    )


if __name__ == "__main__":
    main()
