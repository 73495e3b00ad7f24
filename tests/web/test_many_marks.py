"""Charts of more rows than a person can tell apart: what is drawn of them, and what is said of the rest."""

import itertools
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from storyreport import charts

TIMELINE: dict[str, Any] = {
    "mark": "bar",
    "encoding": {
        "y": {"field": "step", "type": "nominal"},
        "x": {"field": "started_at", "type": "temporal"},
        "x2": {"field": "ended_at"},
    },
}
LINES: dict[str, Any] = {
    "mark": "line",
    "encoding": {
        "x": {"field": "day", "type": "temporal"},
        "y": {"field": "p95_ms", "type": "quantitative"},
        "detail": {"field": "pipeline", "type": "nominal"},
    },
}


def drawn(chart: dict[str, Any], rows: list[dict[str, Any]]) -> charts.Drawing:
    """The chart of rows."""
    found = charts.drawing(chart, rows, charts.Context("A chart", list(rows[0]), ["tales"]))
    assert found
    return found


@pytest.mark.parametrize(("attempts", "notes"), [(2000, ()), (2100, ("The first 2,000 of 2,100 are drawn.",))])
def test_the_first_attempts_of_a_run_are_drawn(attempts: int, notes: tuple[str, ...]) -> None:
    begun = datetime(2026, 3, 1, tzinfo=timezone.utc)
    times = [(begun + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ") for number in range(attempts + 1)]
    rows = [{"step": "write", "started_at": start, "ended_at": end} for start, end in itertools.pairwise(times)]
    assert drawn(TIMELINE, rows).notes == notes


def test_the_highest_lines_are_drawn() -> None:
    rows = [{"day": "2026-03-01", "p95_ms": 1000 + number, "pipeline": f"p{number}"} for number in range(70)]
    found = drawn(LINES, rows)
    assert found.notes == ("Of 70 pipelines the 60 largest are drawn.",)
    spec = json.dumps(found.parts[0].spec)
    assert [f'"p{number}"' in spec for number in (9, 10, 69)] == [False, True, True]


def test_so_many_charts_below_each_other() -> None:
    """The 12 of the longest durations; the others where all are asked for."""
    chart = {**LINES, "encoding": {**LINES["encoding"], "row": {"field": "source", "type": "nominal"}}}
    rows = [
        {"day": "2026-03-01", "p95_ms": 1 + number, "pipeline": "p", "source": f"s{number}"} for number in range(20)
    ]
    found = drawn(chart, rows)
    assert {part.heading for part in found.parts} == {f"s{number}" for number in range(8, 20)}
    assert found.has_more
