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
AGAIN = ("", "s", "CPU s", "peak MB", "ratio", "budget", "met")

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
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
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


def times(command: Sequence[str | Path], count: int) -> list[Ran]:
    """What a command took each of so many times, after one run that is not counted."""
    ran(*command)
    return [ran(*command) for _ in range(count)]


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


def wall(runs: list[Ran], digits: int = 2) -> str:
    """The median time of runs with its spread."""
    return spread([run.seconds for run in runs], digits)


def cpu(runs: list[Ran], digits: int = 2) -> str:
    """The median processor time of runs with its spread."""
    return spread([run.cpu_seconds for run in runs], digits)


def cpu_ratio(runs: list[Ran], others: list[Ran]) -> float:
    """The medians of the processor time of runs and of others."""
    return median([run.cpu_seconds for run in runs]) / median([run.cpu_seconds for run in others])


def peak_mb(runs: list[Ran]) -> float:
    """The most memory of any of the runs."""
    return max(run.peak_bytes for run in runs) / 1e6


def again(title: str, budget: float, runs: list[Ran], others: list[Ran]) -> list[str]:
    """The cells of a table that compare commands, by processor time, which a busy machine leaves as it is."""
    return [
        title,
        f"{wall(runs, 3)} / {wall(others, 3)}",
        f"{cpu(runs, 3)} / {cpu(others, 3)}",
        f"{peak_mb(runs):.0f}",
        *Budget(budget).verdict(cpu_ratio(runs, others)),
    ]


def shown(ratio: float) -> str:
    """A ratio as people read it."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def median(values: Sequence[float]) -> float:
    """The middle one of so many values: one that was measured, not a mean of two."""
    return sorted(values)[len(values) // 2]


def spread(values: Sequence[float], digits: int = 3) -> str:
    """The median of what was measured, with the least and the most where it was measured again."""
    middle = f"{median(values):.{digits}f}"
    return f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})" if len(values) > 1 else middle


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
