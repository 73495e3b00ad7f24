"""How things are timed, and how the results are printed: as Markdown tables, each ratio beside its budget."""

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import click
from tabulate import tabulate

STORYREPORT = shutil.which("storyreport", path=str(Path(sys.executable).parent)) or "storyreport"
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024
SLOW_SECONDS = 2

with_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(tempfile.gettempdir()) / "storyreport-benchmarks",
    show_default=True,
    help="Histories and databases are kept here; delete it when done.",
)


@dataclass(frozen=True)
class Ran:
    """What a command took."""

    seconds: float
    cpu_seconds: float  # of the command itself, however busy the machine is
    peak_bytes: int
    said: str


def ran(*command: str | Path) -> Ran:
    """Run a command to its end and measure it as GNU `time -v` would; it must succeed."""
    with tempfile.TemporaryFile("w+") as output:
        begun = time.perf_counter()
        child = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().strip()
    if child.returncode:
        raise click.ClickException(f"{' '.join(map(str, command))} failed: {said}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT_BYTES, said)


def median_seconds(command: Sequence[str | Path], times: int) -> float:
    """The median time of a command, after one run that is not counted."""
    ran(*command)
    return statistics.median(ran(*command).seconds for _ in range(times))


def median_ms(ask: Callable[[], object], times: int = 25) -> float:
    """The median time of a question, after one that is not counted; a slow one is asked once."""

    def asked() -> float:
        begun = time.perf_counter()
        ask()
        return 1000 * (time.perf_counter() - begun)

    first = asked()
    return first if first > 1000 * SLOW_SECONDS else statistics.median(asked() for _ in range(times))


@dataclass(frozen=True)
class Budget:
    """What a ratio may be."""

    limit: float
    is_floor: bool = False

    def verdict(self, ratio: float) -> list[str]:
        """The cells of a table that say the ratio, the budget, and whether it is kept."""
        is_met = ratio >= self.limit if self.is_floor else ratio <= self.limit
        sign = "≥" if self.is_floor else "≤"
        return [shown(ratio), f"{sign} {self.limit:g}", "yes" if is_met else "**no**"]


def shown(ratio: float) -> str:
    """A ratio as people read it."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    click.echo(f"\n### {title}\n")
    click.echo(tabulate(rows, headers=columns, tablefmt="github", disable_numparse=True))


def show_machine() -> None:
    """Print what all this ran on."""
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("storyreport", "datasette", "sqlite-utils"))
    click.echo(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}"
    )
