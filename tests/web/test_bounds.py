"""Limits of the sources file in charts: which chart shows which limit, where, and what is said of those far off."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from helpers.serving import Served, fill

from storyreport import charts, reports
from storyreport.charts import Bound
from storyreport.verdicts import bounds

LIMITS = (
    "failure_pct > 10 in 24h",
    "cost > 20 USD in 24h",
    "cost > 400 USD in month",
    "step_durations.p95_ms > 3 min",
    "step_durations.p95_ms > 9 min for step=write",
    "slowest_steps.total_ms > 2 h for step=x",
    "no_such_report.x > 3",
)


@pytest.fixture(autouse=True)
def _in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(bounds.IN_FORCE, "[]")
    bounds.use(LIMITS)


def of(name: str, **given: str) -> list[tuple[float, str]]:
    """Value and text of the bounds of a report's chart."""
    report = reports.find(name)
    return [(bound.value, bound.short) for bound in bounds.of_chart(report, reports.bind(report, given))]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("failure_rates", {}, [(10.0, "10 %")]),
        ("failure_trend", {}, [(10.0, "10 %")]),
        # A bar is a day, so it is held by the limit on a day, and a month by that on a month.
        ("cost", {}, [(20.0, "20 USD")]),
        ("cost", {"by": "month"}, [(400.0, "400 USD")]),
        ("cost", {"by": "week"}, []),
        # One for a step is drawn where the page is about it.
        ("step_durations", {}, [(180_000.0, "3 min")]),
        ("step_durations", {"step": "write"}, [(180_000.0, "3 min"), (540_000.0, "9 min")]),
        # The report's own limits, which are its parameters.
        ("stuck_runs", {}, [(60.0, "1 h")]),
        ("stuck_runs", {"minutes": "90"}, [(90.0, "1 h 30 min")]),
        ("blocked_stories", {}, [(3.0, "3")]),
        # The chart draws another column, or nothing.
        ("slowest_steps", {}, []),
        ("throughput", {}, []),
        ("health", {}, []),
    ],
)
def test_a_chart_shows_the_limits_on_what_it_draws(
    name: str, given: dict[str, str], expected: list[tuple[float, str]]
) -> None:
    assert of(name, **given) == expected


def test_a_limit_that_cannot_be_used_is_named() -> None:
    (sentence,) = bounds.wrong()
    assert re.match(r"Limit '[^']+': There is no report called 'no_such_report'", sentence)


def layers(name: str, rows: list[dict[str, Any]], *found: Bound) -> tuple[list[list[dict[str, Any]]], tuple[str, ...]]:
    """The data of the red rules of each part of a chart, and the notes."""
    report = reports.find(name)
    whole = [{**dict.fromkeys(report.columns), **row} for row in rows]
    drawing = charts.drawing(report.chart or {}, whole, charts.Context("", report.columns, ["alpha"], bounds=found))
    assert drawing
    rules = [
        [
            each
            for layer in part.spec.get("layer", [])
            if layer["mark"]["type"] == "rule"
            for each in layer["data"]["values"]
        ]
        for part in drawing.parts
    ]
    return rules, drawing.notes


def test_a_rule_stands_on_the_axis_in_its_unit() -> None:
    """The axis of 5 minutes is in minutes, so 180,000 ms are 3; a limit over the largest bar makes room for itself."""
    rows = [{"day": f"2026-03-0{n}", "source": "alpha", "step": "write", "p95_ms": n * 100_000} for n in (1, 2, 3)]
    found, notes = layers("step_durations", rows, Bound(180_000, "3 min"), Bound(500_000, "8 min 20 s"))
    assert [(rule["value"], rule["says"]) for rule in found[0]] == [
        (3, "limit: 3 min"),
        (500 / 60, "limit: 8 min 20 s"),
    ]
    assert notes == ("A red line is a limit.",)


def test_each_currency_has_its_own_limit() -> None:
    rows = [
        {"day": "2026-03-01", "provider": "acme", "cost": cost, "currency": currency}
        for cost, currency in ((9, "USD"), (8, "EUR"))
    ]
    found, _ = layers("cost", rows, Bound(7, "7.00 EUR", "EUR", False))
    assert [[rule["value"] for rule in part] for part in found] == [[], [7]]


def test_a_limit_far_above_is_said_and_not_drawn() -> None:
    rows = [{"source": "alpha", "step": "write", "failure_pct": 2.0}]
    assert layers("failure_rates", rows, Bound(10, "10.00 %")) == (
        [[]],
        ("The limit, 10 %, is far above what is drawn.",),
    )


def test_a_limit_on_rows_is_not_drawn_for_their_sum() -> None:
    """Two providers of a day are one bar, which the limit on each of them does not hold."""
    rows = [{"day": "2026-03-01", "provider": name, "cost": 5, "currency": "USD"} for name in ("a", "b")]
    assert layers("cost", rows, Bound(6, "6.00 USD", "USD"))[0] == [[]]
    assert layers("cost", rows[:1], Bound(6, "6.00 USD", "USD"))[0][0][0]["value"] == 6


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("bounds") / "report.db"
    fill(path)
    with closing(Served(path)) as served:
        yield served


def test_pictures_and_explored_charts_are_alike(served: Served) -> None:
    """The planted failures are 20 of 120, 5 of 10 and none of 4."""
    for address in ("failure_rates.svg", "failure_rates", "failure_rates?_explore=1"):
        assert re.search("limit 10[\\\\u ]*%", served.get(f"/storyreport/{address}").text), address
