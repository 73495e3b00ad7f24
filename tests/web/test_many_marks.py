"""Charts of more rows than a person can tell apart: what is drawn of them, and what is said of the rest."""

import itertools
import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import vl_convert
from datasette.app import Datasette

from storyreport import charts
from storyreport.web.timeline import timeline_of
from storyreport.web.visitor import Visitor

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


def drawn(chart: dict[str, Any], rows: list[dict[str, Any]], in_all: str = "") -> charts.Drawing:
    """The chart of rows."""
    found = charts.drawing(chart, rows, charts.Context("A chart", list(rows[0]), ["tales"], rows_in_all=in_all))
    assert found
    return found


@pytest.mark.parametrize(
    ("attempts", "in_all", "notes"),
    [
        (2000, "", ()),
        (2100, "", ("The first 2,000 of 2,100 are drawn.",)),
        (2100, "25,000 rows", ("The first 2,000 of 25,000 rows are drawn.",)),
        (1900, "25,000 rows", ("Drawn from the first 1,900 of 25,000 rows.",)),
    ],
)
def test_the_first_attempts_of_a_run_are_drawn(attempts: int, in_all: str, notes: tuple[str, ...]) -> None:
    """One sentence says how many, also where a page has read only a part of the rows."""
    begun = datetime(2026, 3, 1, tzinfo=timezone.utc)
    times = [(begun + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ") for number in range(attempts + 1)]
    rows = [{"step": "write", "started_at": start, "ended_at": end} for start, end in itertools.pairwise(times)]
    assert drawn(TIMELINE, rows, in_all).notes == notes


def test_the_first_steps_of_a_story_are_drawn() -> None:
    """A step stands on a line of its own: thousands would be a picture as high as thirty screens."""
    rows = [
        {"step": f"s{number % 101}", "started_at": f"2026-03-01T10:00:{number % 60:02}Z", "ended_at": None}
        for number in range(202)
    ]
    found = drawn(TIMELINE, rows)
    assert "Of 101 steps the first 100 are drawn." in found.notes
    spec = json.dumps(found.parts[0].spec)
    assert ['"s99"' in spec, '"s100"' in spec] == [True, False]


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


def test_the_hours_below_a_narrow_timeline_are_apart() -> None:
    """Of six hours those are left out that would touch the one before: five letters are about 28 pixels."""
    rows = [
        {
            "step": "04_postprocess_of_texts",
            "started_at": f"2026-03-01T{hour:02}:30:00Z",
            "ended_at": f"2026-03-01T{hour:02}:31:00Z",
        }
        for hour in (12, 18)
    ]
    found = charts.drawing(TIMELINE, rows, charts.Context("A chart", list(rows[0]), ["tales"], 350))
    assert found
    svg = vl_convert.vegalite_to_svg(found.parts[0].spec)
    labels = re.findall(r'<text [^>]*translate\(([\d.]+),[^>]*opacity="1">\d\d:\d\d</text>', svg)
    places = [float(x) for x in labels]
    assert len(places) > 2
    assert all(right - left > 34 for left, right in itertools.pairwise(places))


def test_a_timeline_of_more_attempts_than_a_page_reads() -> None:
    """It does not say that these are all."""
    bar = {"step": "write", "source": "s", "attempt": 1, "status": "completed", "duration_ms": 1, "usual_ms": None}
    rows = [{**bar, "p95_ms": None, "offset_ms": number} for number in range(101)]
    visitor = Visitor(Datasette(memory=True), None)
    for is_cut, said in ((False, "of 101 attempts"), (True, "of more than 101 attempts")):
        found = timeline_of(visitor, rows, is_cut)
        assert found
        assert found.note == f"The first 100 {said} are drawn."
