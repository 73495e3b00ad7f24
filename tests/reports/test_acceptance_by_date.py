"""Acceptance by date: planted checks, counted once more in Python."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from helpers.report_database import ReportDatabase

FIRST, DAYS = date(2026, 1, 20), 60
PERIODS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}
Checks = list[tuple[date, str, bool]]


@pytest.fixture(scope="module")
def checks() -> Checks:
    """(day, step, whether it passed) of each check."""
    chance = random.Random(7)
    return [
        (FIRST + timedelta(days=chance.randrange(DAYS)), chance.choice(("write", "draw")), chance.random() < 0.7)
        for _ in range(400)
    ]


@pytest.fixture(scope="module")
def checked(checks: Checks, tmp_path_factory: pytest.TempPathFactory) -> ReportDatabase:
    folder = tmp_path_factory.mktemp("acceptance")
    lines = ["run,step,status,started_at,ended_at,acceptance_passed"]
    for number, (day, step, passed) in enumerate(checks):
        status = "completed" if passed else "failed"
        lines.append(f"r{number},{step},{status},{day}T10:00:00Z,{day}T10:01:00Z,{int(passed)}")
    # Executions without a check are in neither number.
    lines += [f"n{number},write,completed,{FIRST}T10:00:00Z,{FIRST}T10:01:00Z," for number in range(5)]
    (folder / "steps.csv").write_text("\n".join(lines) + "\n", "utf-8")
    db = ReportDatabase(folder)
    db.ingest(folder / "steps.csv")
    return db


SPANS = [("", ""), ("2026-02-03", "2026-02-24")]


@pytest.mark.parametrize("by", PERIODS)
@pytest.mark.parametrize("span", SPANS, ids=["all days", "some days"])
def test_by_period(checked: ReportDatabase, checks: Checks, by: str, span: tuple[str, str]) -> None:
    since, until = span
    own = [check for check in checks if str(check[0]) >= since and (not until or str(check[0]) <= until)]
    total = Counter((str(PERIODS[by](day)), step) for day, step, _ in own)
    passed = Counter((str(PERIODS[by](day)), step) for day, step, is_passed in own if is_passed)
    rows = checked.report("acceptance_trend", by=by, since=since, until=until)
    assert {(row["period"], row["step"]): (row["checked"], row["passed"], row["failed"]) for row in rows} == {
        key: (count, passed[key], count - passed[key]) for key, count in total.items()
    }
    assert all(row["pass_pct"] == round(100 * row["passed"] / row["checked"], 2) for row in rows)
    assert [row["period"] for row in rows] == sorted((row["period"] for row in rows), reverse=True)


@pytest.mark.parametrize("span", SPANS, ids=["all days", "some days"])
def test_rates_of_some_days(checked: ReportDatabase, checks: Checks, span: tuple[str, str]) -> None:
    since, until = span
    own = [check for check in checks if str(check[0]) >= since and (not until or str(check[0]) <= until)]
    rows = checked.report("acceptance_rates", since=since, until=until)
    assert {row["step"]: (row["checked"], row["passed"]) for row in rows} == {
        step: (sum(each == step for _, each, _ in own), sum(each == step and ok for _, each, ok in own))
        for step in ("write", "draw")
    }


def test_one_step(checked: ReportDatabase) -> None:
    assert {row["step"] for row in checked.report("acceptance_trend", step="draw")} == {"draw"}
    assert checked.report("acceptance_trend", step="sing") == []
