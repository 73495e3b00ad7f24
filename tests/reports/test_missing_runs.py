"""Pipelines that stopped: silent for longer than any pause in the four weeks before; the days are those of the test."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from helpers.attempts import attempt, write
from helpers.report_database import ReportDatabase, change, pairs

from storyreport.verdicts import limits, reasons

AS_OF = "2026-03-16T08:00:00Z"  # a Monday
NIGHT = "T02:00:00Z"


def nights(name: str, days: Iterable[int], month: int = 3, at: str = NIGHT) -> list[dict[str, str]]:
    """A run that ended at two o'clock of each of these days."""
    return [
        attempt(f"{name}-{month}-{day}", 0, pipeline=name)
        | dict.fromkeys(("started_at", "ended_at"), f"2026-{month:02}-{day:02}{at}")
        for day in days
    ]


@pytest.mark.parametrize(
    ("runs", "silent"),
    [
        # Every night up to the fourteenth: 54 hours ago.
        (nights("daily", range(1, 15)), [("daily-3-14", 54 * 60, 1, 14)]),
        # Six days are too few to tell, seven are enough.
        (nights("daily", range(9, 15)), []),
        (nights("daily", range(8, 15)), [("daily-3-14", 54 * 60, 1, 7)]),
        # Last night's is six hours ago; yesterday's 30, two hours more than the pause and what is allowed.
        (nights("daily", range(1, 17)), []),
        (nights("daily", range(1, 16)), [("daily-3-15", 30 * 60, 1, 15)]),
        # 25.5 hours are within the two hours that a run may be late.
        (nights("daily", range(1, 16), at="T06:30:00Z"), []),
        # Monday to Friday: from Friday night to this morning it is 78 hours, its weekends are 72.
        (nights("weekdays", [2, 3, 4, 5, 6, 9, 10, 11, 12, 13]), [("weekdays-3-13", 78 * 60, 3, 10)]),
        (nights("weekdays", [3, 4, 5, 6, 9, 10, 11, 12, 13, 16]), []),
        # Each fourth day, seven times in 28 days: the longest pause is four days, and it is silent for two.
        (nights("fourth", [18, 22, 26], 2) + nights("fourth", [2, 6, 10, 14]), []),
        # Given up more than four weeks ago.
        (nights("old", range(1, 16), 2), []),
        (nights("old", range(1, 17), 2), [("old-2-16", (28 * 24 + 6) * 60, 1, 16)]),
        # A clock that runs ahead says nothing.
        (nights("daily", range(1, 15)) + nights("daily", [28]), [("daily-3-14", 54 * 60, 1, 14)]),
    ],
)
def test_a_pipeline_that_stopped(tmp_path: Path, runs: list[dict[str, str]], silent: list[tuple[object, ...]]) -> None:
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", runs))
    columns = ("run", "silent_minutes", "longest_pause_days", "days_with_runs")
    assert pairs(db.report("missing_runs", as_of=AS_OF), *columns) == silent


@pytest.mark.parametrize(("read_at", "silent"), [("2026-03-15T04:00:00Z", []), ("2026-03-15T05:00:00Z", [27 * 60])])
def test_what_was_not_read_is_not_missing(tmp_path: Path, read_at: str, silent: list[int]) -> None:
    """Fifty-four hours ago it ran last; up to the last ingest it was silent for 26, or 27."""
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", nights("daily", range(1, 15))))
    change(db.path, f"update ingests set finished_at = '{read_at}'")
    assert [row["silent_minutes"] for row in db.report("missing_runs", as_of=AS_OF)] == silent


def test_each_pipeline_has_its_own_rhythm(tmp_path: Path) -> None:
    """Of three, one runs on; the one that stopped first comes first; a run without a pipeline is the source's."""
    db = ReportDatabase(tmp_path)
    alone = [{**run, "pipeline": ""} for run in nights("alone", range(1, 14))]
    db.ingest(write(tmp_path / "studio", nights("books", range(1, 17)) + nights("films", range(1, 15)) + alone))
    rows = db.report("missing_runs", as_of=AS_OF)
    assert pairs(rows, "pipeline", "last_run_at") == [
        (None, "2026-03-13T02:00:00.000Z"),
        ("films", "2026-03-14T02:00:00.000Z"),
    ]
    assert pairs(db.report("missing_runs", as_of=AS_OF, pipeline="films"), "run") == [("films-3-14",)]


def test_a_gate_on_what_stopped(tmp_path: Path) -> None:
    """Seven nights up to three days ago; the other pipeline ran on, up to an hour ago."""
    runs = [
        attempt(f"{name}-{night}", 24 * night + 1, pipeline=name)
        for name, last in (("books", 3), ("films", 0))
        for night in range(last, last + 8)
    ]
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", runs))
    with db.reading() as connection:
        found = [
            limits.evaluate(connection, limits.parse(f"missing_runs > 0{narrowed}"))
            for narrowed in ("", " for pipeline=books", " for pipeline=films")
        ]
        said, nothing = reasons.of_hours(connection, 24), reasons.of_hours(connection, 24, "other")
    assert [(verdict.status, verdict.value) for verdict in found] == [("broken", 1), ("broken", 1), ("ok", 0)]
    # `storyreport status` says so, too.
    assert [fact.text.partition(" since ")[0] for fact in said] == ["studio books has not run"]
    assert nothing == []


def test_the_sentence_of_those_that_stopped() -> None:
    row = {"source": "studio", "pipeline": "films", "last_run_at": "2026-01-14T02:00:00.000Z", "days_with_runs": 9}
    one = reasons.missing([{**row, "pipelines": 1}])
    assert one
    assert (one.text, one.detail) == (
        "studio films has not run since 2026-01-14 02:00 UTC",
        "it ran on 9 of the 28 days up to then",
    )
    assert one.params == {"source": "studio", "pipeline": "films"}
    three = reasons.missing([{**row, "pipelines": 3}, {**row, "pipeline": None, "pipelines": 3}])
    assert three
    assert (three.text, three.detail) == (
        "3 pipelines have stopped",
        "studio films since 2026-01-14 02:00 UTC, studio since 2026-01-14 02:00 UTC, 1 more",
    )
    namesake = reasons.missing([{**row, "pipeline": "studio", "pipelines": 1}])
    assert namesake
    assert namesake.text == "studio has not run since 2026-01-14 02:00 UTC"
    assert reasons.missing([]) is None
