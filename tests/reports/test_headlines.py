"""Headlines: sentences with numbers from the rows, left out where one is not known, checked when they are loaded."""

from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport import reports
from storyreport.reports import headline

ROWS: list[dict[str, Any]] = [
    {
        "step": "write",
        "p95_ms": 184_000,
        "failed": 1,
        "cost": 2.5,
        "currency": "USD",
        "ended_at": "2026-03-01T10:00:00Z",
    },
    {"step": "draw", "p95_ms": None, "failed": 2, "cost": 1.0, "currency": "EUR", "ended_at": None},
    {"step": "bind", "p95_ms": 500, "failed": None, "cost": 0.5, "currency": "USD", "ended_at": None},
]
FILE = "/*\ntitle: Titles\ndescription: Planted.\ntopic: Steps\nheadline: {headline}\n*/\nselect title from stories\n"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{rows:step}, slowest {step[0]} with {p95_ms[0]}.", "3 steps, slowest write with 3 min 4 s."),
        ("{rows:story|stories}, last {step[-1]}.", "3 stories, last bind."),
        # Currencies are never added up: 2.50 and 0.50 are USD.
        ("{cost.sum}, at most {cost.max}.", "3.00 USD and 1.00 EUR, at most 2.50 USD and 1.00 EUR."),
        # Only the first row's currency, and only its step.
        ("{cost.sum@currency}, {rows:row}.", "3.00 USD, 3 rows."),
        ("{cost.max@step}.", "2.50 USD."),
        ("{failed.sum:failure}, {failed[0]:failure}.", "3 failures, 1 failure."),
        ("At {ended_at[0]}.", "At 2026-03-01 10:00:00."),
        ("Slowest: {p95_ms[1]}.", ""),
        ("The tenth is {step[9]}.", ""),
        ("{rows:row}: {currency.counts}.", "3 rows: 2 USD, 1 EUR."),
        ("Ended: {ended_at.counts}.", "Ended: 2 unknown, 1 2026-03-01T10:00:00Z."),
    ],
)
def test_a_sentence_of_rows(template: str, said: str) -> None:
    assert headline([template], ROWS) == said


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([("s", "books"), ("s", "films")], "write of films"),
        ([("s", "films")], "write"),
        ([("t", "films")], "write of s"),
        ([("t", None), ("s", "films")], "write of s films"),
    ],
)
def test_a_step_of_several_pipelines_is_named_with_its_own(others: list[tuple[str, str | None]], said: str) -> None:
    """The first row is about write of films, in s."""
    rows = [{"step": "write", "source": source, "pipeline": pipeline} for source, pipeline in [("s", "films"), *others]]
    assert headline(["{step[0]}"], [*rows, {"step": "draw", "source": "u", "pipeline": "plays"}]) == said


def test_a_sentence_without_its_number_is_left_out() -> None:
    assert headline(["{rows:step}.", "Then {p95_ms[1]}.", "{step[1]} too."], ROWS) == "3 steps. draw too."
    assert headline(["{rows:step}."], []) == ""
    assert headline(["{rows:step}."], ROWS[:1]) == "1 step."


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{rows:step}, slowest {step[0]}.", "20,001 steps, slowest write."),
        ("{rows:step}, last {step[-1]}.", ""),
        ("{failed.sum:failure}.", ""),
        ("{cost.max}.", ""),
        ("{currency.counts}.", ""),
    ],
)
def test_of_the_first_rows_nothing_is_said_that_needs_all(template: str, said: str) -> None:
    assert headline([template], ROWS, 20_001) == said


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("'{steps[0]}'", "its headline has 'steps', which is not a column; the columns are title"),
        ("'{title}'", "its headline has {title}; write {rows}, {column[0]}"),
        ("'{title.counts@step}'", "its headline has 'step', which is not a column; the columns are title"),
        ("'{title[0]@title}'", "its headline has {title[0]@title}"),
        ("'{title.mean}'", "its headline has {title.mean}"),
        ("'{rows[0]}'", "its headline has {rows[0]}"),
        ("'{title[0]'", "its headline cannot be read"),
        ("{a: b}", "its headline is not a sentence, or a list of them"),
    ],
)
def test_a_headline_is_checked_when_it_is_loaded(template: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "titles.sql").write_text(FILE.format(headline=template), "utf-8")
    (error,) = reports.read_folders([tmp_path]).broken
    assert error.reason.startswith(reason)
    assert error.line == 5


def test_the_most_used_reports_have_one(db: ReportDatabase, tmp_path: Path) -> None:
    """Two of three executions of a step completed, in 2 and 4 seconds: 6 seconds in all."""
    lines = ["run,step,status,started_at,duration_ms"]
    lines += [f"r{n},write,{status},2026-03-0{n}T10:00:00Z,{ms}" for n, status, ms in PLANTED]
    (tmp_path / "steps.csv").write_text("\n".join(lines) + "\n", "utf-8")
    db.ingest(tmp_path / "steps.csv")
    names = ("slowest_steps", "failure_rates", "flaky_steps")
    said = {name: headline(reports.find(name).headline, db.report(name)) for name in names}
    assert said["slowest_steps"].startswith("1 step, 6.0 s in all. write takes most: 6.0 s (100.0 %)")
    assert said["failure_rates"] == "1 execution of 3 failed. Highest: write, 33.3 % of 3."
    # Of nothing, no step has most.
    assert said["flaky_steps"] == "0 recoveries after 0 retries. Most in write: 0."
    assert sum(bool(report.headline) for report in reports.load_reports().values()) >= 40


def test_a_period_paid_in_two_currencies(db: ReportDatabase, tmp_path: Path) -> None:
    """In March two of three runs completed, a story each, in 2 and 4 seconds; the third failed at 1.50 USD."""
    folder = tmp_path / "both"
    folder.mkdir()
    steps = ["run,story,step,status,started_at,duration_ms", "r0,s0,write,completed,2026-02-01T10:00:00Z,9000"]
    steps += [f"r{n},s{n},write,{status},2026-03-0{n}T10:00:00Z,{ms}" for n, status, ms in PLANTED]
    calls = ["id,run,provider,model,called_at,cost,currency", "c0,r0,acme,m,2026-02-01T10:00:00Z,100,USD"]
    calls += [
        f"c{n},r{n},acme,m,2026-03-0{n}T10:00:00Z,{cost}" for n, cost in ((1, "4,EUR"), (2, "1,USD"), (3, "1.5,USD"))
    ]
    for name, lines in (("steps", steps), ("calls", calls)):
        (folder / f"{name}.csv").write_text("\n".join([*lines, ""]), "utf-8")
    db.ingest(folder)
    said = {
        name: headline(reports.find(name).headline, db.report(name, by="month"))
        for name in ("overview", "cost_per_story")
    }
    assert said == {
        "overview": "Latest, 2026-03-01: lowest success rate 66.7 %. Longest p95 duration: 4.0 s."
        " Cost: 4.00 EUR and 2.50 USD.",
        "cost_per_story": "Latest, 2026-03-01: 4.00 EUR and 2.50 USD."
        " Most expensive: 2.00 EUR and 1.25 USD an accepted story. Spent on failures: 1.50 USD.",
    }


PLANTED = ((1, "completed", 2000), (2, "completed", 4000), (3, "failed", 1000))
