"""Overview and cost per accepted story: planted work, added up once more by hand."""

import math
import random
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, pairs

FIRST = date(2026, 1, 28)
DAYS = 70
PIPELINES = ("books", "films")
STEPS = "run,pipeline,story,step,status,started_at,duration_ms"
CALLS = "id,run,provider,model,called_at,cost,currency,status"


class Plant:
    """Runs of one step each, on 70 days, in two pipelines, with calls in two currencies or without a cost."""

    def __init__(self, folder: Path, name: str, seed: int):
        chance = random.Random(seed)
        self.name, self.folder = name, folder / name
        self.runs: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        for number in range(300):
            day = FIRST + timedelta(days=chance.randrange(DAYS))
            run = {
                "run": f"r{number}",
                "pipeline": (pipeline := chance.choice(PIPELINES)),
                "story": f"{pipeline}-{chance.randrange(90)}",
                "step": "write",
                "status": chance.choice(("completed", "completed", "failed", "running")),
                "started_at": f"{day}T10:00:00Z",
                "duration_ms": chance.randrange(1000, 900_000),
            }
            self.runs.append({**run, "day": day})
            for place in range(chance.randrange(3)):
                # Some are made after midnight, on another day than their run's.
                made = day + timedelta(days=chance.randrange(2))
                cost, currency = chance.choice((("", ""), (0.25, "USD"), (1.5, "USD"), (2, "EUR")))
                self.calls.append(
                    {"id": f"c{number}-{place}", "run": run["run"], "provider": "acme", "model": "m"}
                    | {"called_at": f"{made}T01:00:00Z", "cost": cost, "currency": currency}
                    | {"status": chance.choice(("completed", "failed")), "day": made, "of": self.runs[-1]}
                )

    def ingest(self, db: ReportDatabase) -> None:
        self.folder.mkdir()
        for name, header, rows in (("steps", STEPS, self.runs), ("calls", CALLS, self.calls)):
            lines = [",".join(str(row[field]) for field in header.split(",")) for row in rows]
            (self.folder / f"{name}.csv").write_text("\n".join([header, *lines, ""]), "utf-8")
        db.ingest(self.folder, name=self.name)

    def accepted(self) -> list[tuple[date, str]]:
        """The day on which each story has its first completed run, and its pipeline."""
        done: dict[str, tuple[date, str]] = {}
        for run in self.runs:
            if run["status"] == "completed":
                found = (run["day"], run["pipeline"])
                done[run["story"]] = min(done.get(run["story"], found), found)
        return list(done.values())


def month(day: date) -> date:
    return day.replace(day=1)


def week(day: date) -> date:
    return day - timedelta(days=day.weekday())


PERIODS: dict[str, Callable[[date], date]] = {"day": lambda day: day, "week": week, "month": month}


def percentile(values: Iterable[int], share: int) -> int | None:
    """The least value that so many per cent of them do not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * share / 100) - 1] if ordered else None


def expected(plant: Plant, period: Callable[[date], date], pipeline: str, days: tuple[date, date]) -> dict[Any, Any]:
    """(period, currency) → the numbers of the overview, from the planted rows."""

    def listed(day: date, of: str) -> bool:
        return days[0] <= day <= days[1] and pipeline in ("", of)

    runs = [run for run in plant.runs if listed(run["day"], run["pipeline"])]
    calls = [call for call in plant.calls if listed(call["day"], call["of"]["pipeline"])]
    stories = [day for day, of in plant.accepted() if listed(day, of)]
    found: dict[Any, Any] = {}
    for start in {period(day) for day in [*(run["day"] for run in runs), *(call["day"] for call in calls)]}:
        own = [run for run in runs if period(run["day"]) == start]
        ended = [run["status"] for run in own if run["status"] != "running"]
        took = [run["duration_ms"] for run in own if run["status"] == "completed"]
        accepted = sum(period(day) == start for day in stories)
        spent = [call for call in calls if period(call["day"]) == start]
        for currency in sorted({call["currency"] for call in spent if call["cost"]}) or [None]:
            paid = [call for call in spent if call["currency"] == currency]
            cost = sum(call["cost"] for call in paid)
            lost = [call["cost"] for call in paid if "failed" in (call["status"], call["of"]["status"])]
            found[start.isoformat(), currency] = {
                "runs": len(own),
                "success_pct": round(100 * ended.count("completed") / len(ended), 2) if ended else None,
                "p50_ms": percentile(took, 50),
                "p95_ms": percentile(took, 95),
                "stories_accepted": accepted,
                "cost": cost if currency else None,
                "cost_per_accepted_story": cost / accepted if accepted and currency else None,
                "cost_of_failures": sum(lost) if lost else None,
                "unpriced_calls": sum(not call["cost"] for call in spent),
            }
    return found


ABOUT = ("p50_ms", "p95_ms")


def compare(row: dict[str, Any], numbers: dict[str, Any], *names: str) -> None:
    for name in names:
        close = 0.0101 if name in ABOUT else 1e-5
        assert row[name] == (pytest.approx(numbers[name], rel=close) if numbers[name] is not None else None), name


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportDatabase, list[Plant]]:
    folder = tmp_path_factory.mktemp("overview")
    db, found = ReportDatabase(folder), [Plant(folder, "one", 1), Plant(folder, "two", 2)]
    for plant in found:
        plant.ingest(db)
    return db, found


@pytest.mark.parametrize("by", PERIODS)
@pytest.mark.parametrize("pipeline", ["", "films"])
@pytest.mark.parametrize("days", [("", ""), ("2026-02-10", "2026-03-15")], ids=["all days", "some days"])
def test_overview(plants: tuple[ReportDatabase, list[Plant]], by: str, pipeline: str, days: tuple[str, str]) -> None:
    """Every number of every period, in each currency by itself."""
    db, found = plants
    rows = db.report("overview", by=by, pipeline=pipeline, since=days[0], until=days[1])
    span = (date.fromisoformat(days[0] or "0001-01-01"), date.fromisoformat(days[1] or "9999-12-31"))
    for plant in found:
        numbers = expected(plant, PERIODS[by], pipeline, span)
        own = {(row["period"], row["currency"]): row for row in rows if row["source"] == plant.name}
        assert own.keys() == numbers.keys()
        for key, row in own.items():
            compare(row, numbers[key], *(name for name in numbers[key] if name != "cost_of_failures"))
    assert [row["period"] for row in rows] == sorted((row["period"] for row in rows), reverse=True)
    assert all(row["previous_runs"] is None and row["cost_change_pct"] is None for row in rows)


@pytest.mark.parametrize("by", PERIODS)
@pytest.mark.parametrize("days", [("", ""), ("2026-02-10", "2026-03-15")], ids=["all days", "some days"])
def test_cost_per_story(plants: tuple[ReportDatabase, list[Plant]], by: str, days: tuple[str, str]) -> None:
    """A pipeline has its own rows; what failed calls and calls of failed runs cost is a part of it."""
    db, found = plants
    rows = db.report("cost_per_story", by=by, since=days[0], until=days[1])
    span = (date.fromisoformat(days[0] or "0001-01-01"), date.fromisoformat(days[1] or "9999-12-31"))
    names = ("stories_accepted", "cost", "cost_per_accepted_story", "cost_of_failures", "unpriced_calls")
    for plant in found:
        for pipeline in PIPELINES:
            of = {"source": plant.name, "pipeline": pipeline}
            own = {(row["period"], row["currency"]): row for row in rows if row.items() >= of.items()}
            numbers = {
                key: values
                for key, values in expected(plant, PERIODS[by], pipeline, span).items()
                if values["stories_accepted"] or values["cost"] is not None or values["unpriced_calls"]
            }
            assert own.keys() == numbers.keys()
            for key, row in own.items():
                compare(row, numbers[key], *names)


@pytest.mark.parametrize("report", ["overview", "cost_per_story"])
@pytest.mark.parametrize("by", PERIODS)
def test_the_period_before(plants: tuple[ReportDatabase, list[Plant]], report: str, by: str) -> None:
    """It is the whole calendar period before, though the report begins later; without one there is no number."""
    db, _ = plants
    before: dict[Any, dict[str, Any]] = {
        (row["period"], row["source"], row["currency"], row["pipeline"]): row for row in db.report(report, by=by)
    }
    rows = db.report(report, by=by, since="2026-02-18", compare="previous")
    assert rows
    for row in rows:
        earlier = PERIODS[by](date.fromisoformat(row["period"]) - timedelta(days=1)).isoformat()
        same = before.get((earlier, row["source"], row["currency"], row["pipeline"]))
        for name in ("cost", "cost_per_accepted_story"):
            assert row[f"previous_{name}"] == (same[name] if same and row["currency"] else None)
            if same and row["currency"] and same[name] and row[name] is not None:
                change = 100 * (row[name] - same[name]) / same[name]
                assert row[f"{name}_change_pct"] == pytest.approx(change, abs=0.01)
        if same:
            assert row["previous_stories_accepted"] == same["stories_accepted"]


def test_a_week_begins_on_monday_and_a_year_may_end_in_it(db: ReportDatabase, tmp_path: Path) -> None:
    """2025-12-29 is a Monday; 2026-01-04 the Sunday after it."""
    days = ("2025-12-28", "2025-12-29", "2026-01-04", "2026-01-05", "9999-12-31", "0001-01-02")
    lines = [f"r{place},load,completed,{day}T10:00:00Z,1000" for place, day in enumerate(days)]
    (tmp_path / "steps.csv").write_text("run,step,status,started_at,duration_ms\n" + "\n".join(lines) + "\n", "utf-8")
    db.ingest(tmp_path / "steps.csv")
    assert pairs(db.report("overview", by="week", compare="previous"), "period", "runs", "previous_runs") == [
        ("9999-12-27", 1, None),
        ("2026-01-05", 1, 2),
        ("2025-12-29", 2, 1),
        ("2025-12-22", 1, None),
        ("0001-01-01", 1, None),
    ]
    assert pairs(db.report("overview", by="month", since="2026-01"), "period", "runs") == [
        ("9999-12-01", 1),
        ("2026-01-01", 2),
    ]
