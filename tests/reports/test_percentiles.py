"""Percentiles: the nearest rank, the same in every report, for all days, for some days and for one."""

import csv
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

# Numbers of executions at which the nearest rank of 95 is another one than that of 94 (17, 33, 100) or 96 (20, 100), or
# is a whole number (20, 100); 50 of 100 is next to 49 and 51.
SIZES = (1, 2, 17, 20, 33, 100)
# Two periods of seven days, two days each: (first, last).
BEFORE, NOW = ("2026-03-02", "2026-03-05"), ("2026-03-08", "2026-03-10")


def durations(size: int) -> list[int]:
    """Durations that no histogram of one percent takes for one another, in no order."""
    values = [round(100 * 1.07**place) for place in range(size)]
    random.Random(size).shuffle(values)
    return values


def nearest_rank(values: Sequence[int], percent: int) -> int:
    """The least value that at least so many percent of the values do not exceed."""
    return sorted(values)[math.ceil(percent * len(values) / 100) - 1]


def days_of(size: int, days: Sequence[str]) -> dict[str, list[int]]:
    """Day → durations: these in turn."""
    values = durations(size)
    return {day: values[place :: len(days)] for place, day in enumerate(days)}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> ReportDatabase:
    """A step and an endpoint of each size, of which the period before took twice as long."""
    folder = tmp_path_factory.mktemp("percentiles")
    rows: list[tuple[str, str, int]] = []
    for size in SIZES:
        rows += [(f"of{size}", day, ms) for day, values in days_of(size, NOW).items() for ms in values]
        rows += [(f"of{size}", day, 2 * ms) for day, values in days_of(size, BEFORE).items() for ms in values]
    db = ReportDatabase(folder)
    write(
        folder / "attempts.csv",
        [
            {"id": n, "step": name, "started_at": "", "ended_at": f"{day}T12:00:00Z", "duration_ms": ms}
            for n, (name, day, ms) in enumerate(rows)
        ],
    )
    write(
        folder / "calls.csv",
        [
            {"id": n, "provider": "acme", "endpoint": name, "called_at": f"{day}T12:00:00Z", "duration_ms": ms}
            for n, (name, day, ms) in enumerate(rows)
        ],
    )
    db.ingest(folder / "attempts.csv")
    db.ingest(folder / "calls.csv")
    return db


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def near(values: Mapping[str, int]) -> Any:
    """Within one percent, and what rounding to milliseconds adds to it from 100 ms on."""
    return pytest.approx(values, rel=0.015)


def by(rows: list[dict[str, Any]], name: str, value: str) -> dict[str, int]:
    """One column of a report by another one."""
    assert len({row[name] for row in rows}) == len(rows)
    return {row[name]: row[value] for row in rows}


@pytest.mark.parametrize("percent", [50, 95])
def test_slowest_steps(history: ReportDatabase, percent: int) -> None:
    """Of all days, from the totals; of some days, from their histograms."""
    whole = {
        f"of{size}": nearest_rank([*durations(size), *(2 * ms for ms in durations(size))], percent) for size in SIZES
    }
    assert by(history.report("slowest_steps"), "step", f"p{percent}_ms") == near(whole)
    some = {f"of{size}": nearest_rank(durations(size), percent) for size in SIZES}
    rows = history.report("slowest_steps", since=NOW[0], until=NOW[-1])
    assert by(rows, "step", f"p{percent}_ms") == near(some)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("percent", [50, 95])
def test_step_durations(history: ReportDatabase, size: int, percent: int) -> None:
    """Of one day."""
    rows = history.report("step_durations", step=f"of{size}", since=NOW[0])
    expected = {day: nearest_rank(values, percent) for day, values in days_of(size, NOW).items() if values}
    assert by(rows, "day", f"p{percent}_ms") == near(expected)


def test_duration_changes(history: ReportDatabase) -> None:
    """Of each of the two periods."""
    rows = history.report("duration_changes", days="5")
    expected = {f"of{size}": nearest_rank(durations(size), 95) for size in SIZES}
    assert by(rows, "step", "p95_ms") == near(expected)
    previous = {f"of{size}": 2 * nearest_rank(durations(size), 95) for size in SIZES}
    assert by(rows, "step", "previous_p95_ms") == near(previous)


def test_api_reliability(history: ReportDatabase) -> None:
    """Of calls, for all days and for some."""
    whole = {f"of{size}": nearest_rank([*durations(size), *(2 * ms for ms in durations(size))], 95) for size in SIZES}
    assert by(history.report("api_reliability"), "endpoint", "p95_ms") == near(whole)
    some = {f"of{size}": nearest_rank(durations(size), 95) for size in SIZES}
    rows = history.report("api_reliability", since=NOW[0], until=NOW[-1])
    assert by(rows, "endpoint", "p95_ms") == near(some)
