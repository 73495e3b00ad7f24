"""Reports by day, week or month, and their charts with the period before."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase
from helpers.serving import Served

from storyreport import charts, reports
from storyreport.reports import periods

# (day, status): 2026-03-01 is a Sunday, the last day of a week.
PLANTED = (
    ("2026-02-27", "failed"),
    ("2026-03-01", "completed"),
    ("2026-03-02", "failed"),
    ("2026-03-04", "completed"),
    ("2026-03-31", "completed"),
)


@pytest.fixture
def planted(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    """One execution of the step write on each of these days, one second longer each time."""
    lines = ["run,step,status,started_at,ended_at,duration_ms"]
    lines += [
        f"r{n},write,{status},{day}T10:00:00Z,{day}T10:00:09Z,{1000 * n}" for n, (day, status) in enumerate(PLANTED, 1)
    ]
    (tmp_path / "steps.csv").write_text("\n".join(lines) + "\n", "utf-8")
    db.ingest(tmp_path / "steps.csv")
    return db


def monday(day: str) -> str:
    at = date.fromisoformat(day)
    return str(at - timedelta(at.weekday()))


BUCKETS: dict[str, Callable[[str], str]] = {
    "day": lambda day: day,
    "week": monday,
    "month": lambda day: f"{day[:7]}-01",
}


@pytest.mark.parametrize("by", BUCKETS)
def test_failures_by_day_week_and_month(by: str, planted: ReportDatabase) -> None:
    expected: dict[str, list[int]] = {}
    for day, status in PLANTED:
        counts = expected.setdefault(BUCKETS[by](day), [0, 0])
        counts[0] += 1
        counts[1] += status == "failed"
    rows = planted.report("failure_trend", by=by)
    assert [row["day"] for row in rows] == sorted(expected, reverse=True)
    assert {row["day"]: [row["executions"], row["failed"]] for row in rows} == expected
    assert all(row["failure_pct"] == round(100 * row["failed"] / row["executions"], 2) for row in rows)


@pytest.mark.parametrize("name", ["throughput", "cost", "failure_trend"])
def test_an_unknown_length_is_a_sentence(name: str, planted: ReportDatabase) -> None:
    with pytest.raises(reports.UsageError, match="by must be day, week or month, not 'year'"):
        reports.bind(reports.find(name), {"by": "year"})


def test_runs_by_month(planted: ReportDatabase) -> None:
    rows = planted.report("throughput", by="month")
    assert [(row["day"], row["runs_completed"], row["runs_failed"]) for row in rows] == [
        ("2026-03-01", 3, 1),
        ("2026-02-01", 0, 1),
    ]


def test_the_period_before_is_as_long() -> None:
    assert periods.before("2026-03-02", "2026-03-08") == ("2026-02-23", "2026-03-01", 7)
    assert periods.before("2026-03-02", "2026-03-02") == ("2026-03-01", "2026-03-01", 1)
    assert periods.days_of("2026-02-01", "month") == ("2026-02-01", "2026-02-28")
    assert periods.days_of("2026-03-02", "week") == ("2026-03-02", "2026-03-08")


@pytest.fixture
def served(planted: ReportDatabase) -> Iterator[Served]:
    """Datasette with the planted rows."""
    served = Served(planted.path)
    yield served
    served.close()


def test_a_chart_has_the_period_before(served: Served) -> None:
    """From the 2nd to the 4th of March the step took 4 s; in the three days before 2 s. The columns stay the same."""
    query = "since=2026-03-02&until=2026-03-04"
    plain, compared = (served.get(f"/storyreport/slowest_steps?{query}{more}").text for more in ("", COMPARE))
    assert "The thin lines are the period before." in compared
    assert (plain.count('aria-roledescription="tick"'), compared.count('aria-roledescription="tick"')) == (0, 2)
    rows = [served.get(f"/storyreport/slowest_steps.json?{query}{more}&_shape=array").json() for more in ("", COMPARE)]
    assert rows[0] == rows[1] != []


def test_without_a_period_there_is_none_before(served: Served) -> None:
    sentence = "compare needs a period: choose a first day with since, such as 7d."
    for ending in ("", ".json", ".csv", ".svg"):
        response = served.get(f"/storyreport/slowest_steps{ending}?compare=previous")
        assert response.status_code == 400
        assert sentence in response.text
    assert "compare=previous" not in served.get("/storyreport/slowest_steps").text
    page = served.get("/storyreport/slowest_steps?since=7d").text
    assert "compare=previous" in page


COMPARE = "&compare=previous"


def values(rows: list[dict[str, Any]], before: list[dict[str, Any]], **how: Any) -> dict[str, Any]:
    """Day → value of the ticks of the chart of throughput."""
    report = reports.find("throughput")
    assert report.chart
    blank = dict.fromkeys(report.columns)
    whole = [[{**blank, **row} for row in each] for each in (rows, before)]
    context = charts.Context("Title", report.columns, ["a"], before=whole[1], days_before=7, **how)
    found = charts.drawing(report.chart, whole[0], context)
    assert found
    (part,) = found.parts
    ticks = next(layer for layer in part.spec["layer"] if layer["mark"] == {"type": "tick"})
    return {value["name"]: value["value"] for value in ticks["data"]["values"]}


def test_a_tick_is_what_all_sources_were_that_day() -> None:
    """A week before: 2 + 3 stories on Monday stand at 5 above the Monday after, on which one source had 4."""
    now = [{"day": "2026-03-09", "source": "a", "stories_completed": 4}]
    before = [{"day": "2026-03-02", "source": name, "stories_completed": n} for name, n in (("a", 2), ("b", 3))]
    assert values(now, before) == {"2026-03-09": 5}
