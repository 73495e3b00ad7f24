"""What the verdict says of planted nights: which pipeline and which run made a rise in cost, and that few ran."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers.attempts import attempt, moment, write
from helpers.command_line import storyreport
from helpers.report_database import ReportDatabase

from storyreport.verdicts import figures, reasons
from storyreport.verdicts.figures import Fact

CALLS = "id,run,step,called_at,cost,currency"


def night(tmp_path: Path, costs: dict[str, tuple[float, float]]) -> ReportDatabase:
    """Runs with what each cost, in as many steps: the last night and the one before; their pipeline is their letter."""
    lines, runs = [CALLS], []
    for name, both in costs.items():
        for when, hours, cost in zip(("new", "old"), (5, 29), both, strict=True):
            runs.append(attempt(f"{name}-{when}", hours, pipeline={"b": "books", "f": "films"}[name[0]]))
            lines += [
                f"{name}-{when}-{step},{name}-{when},{step},{moment(hours)},{cost / 2},USD" for step in ("draw", "cut")
            ]
    folder = write(tmp_path / "studio", runs)
    (folder / "calls.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    db = ReportDatabase(tmp_path)
    db.ingest(folder)
    return db


def said(db: ReportDatabase) -> list[str]:
    """Why the last night was bad."""
    with closing(sqlite3.connect(db.path)) as connection:
        return [f"{fact.text}: {fact.detail}" for fact in reasons.of_hours(connection, 24)]


def test_the_pipeline_and_the_run_that_made_it(tmp_path: Path) -> None:
    """Of ten runs at 0.10 USD one cost 2.50: 1.20 more in each of its two steps, and no book cost more."""
    costs = {f"{name}{n}": (0.1, 0.1) for name in "bf" for n in range(5)}
    db = night(tmp_path, {**costs, "f3": (2.5, 0.1)})
    assert said(db) == [
        "cut of studio films cost 1.20 USD more: 1.45 USD, 0.25 USD the day before",
        "f3-new of studio films alone cost 2.50 USD: the most expensive one the day before cost 0.10 USD",
    ]
    digest = storyreport("digest", "--db", db.path, cwd=tmp_path).stdout
    assert "f3-new of studio films alone cost 2.50 USD: the most expensive one the day before cost 0.10 USD" in digest
    assert "All is well" not in digest


def test_a_rise_of_all_is_no_run_s(tmp_path: Path) -> None:
    """Each run costs twice as much; one is always expensive."""
    costs = {f"{name}{n}": (0.2, 0.1) for name in "bf" for n in range(5)}
    assert said(night(tmp_path, {**costs, "f4": (4.0, 2.0)})) == [
        "cut of 2 pipelines cost 1.45 USD more: 2.90 USD, 1.45 USD the day before"
    ]


def test_an_expensive_run_each_night_is_no_news(tmp_path: Path) -> None:
    costs = {f"{name}{n}": (0.1, 0.1) for name in "bf" for n in range(5)}
    assert said(night(tmp_path, {**costs, "f4": (4.0, 4.0)})) == []


@pytest.mark.parametrize(
    ("now", "was", "text", "is_bad"),
    [
        (4, 20, "4 runs (20 the day before)", True),
        (9, 20, "9 runs (20 the day before)", True),
        (10, 20, "10 runs", False),
        (4, 19, "4 runs (19 the day before)", False),
        (40, 20, "40 runs", False),
        (41, 20, "41 runs (20 the day before)", False),
        (1, 9, "1 run", False),
        (20, 0, "20 runs", False),
    ],
)
def test_far_fewer_runs_are_bad_news(now: int, was: int, text: str, is_bad: bool) -> None:
    """From less than half of twenty on; of fewer, the number before is said. Nothing at all is said otherwise."""
    row = {"figure": "runs", "currency": None, "value": now, "previous_value": was}
    first = figures.verdict([row], [])[0]
    assert (first.text, first.is_bad) == (text, is_bad)
    assert isinstance(first, Fact)
