"""Errors in every dress: as objects and lists, with colours and carriage returns, and what stands for no error."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, pairs

AT = {"started_at": "2026-11-01T10:00:00Z", "ended_at": "2026-11-01T10:01:00Z"}
# An error as a tool writes it → the message that a reader of a log would repeat.
ERRORS: list[tuple[Any, str | None]] = [
    ({"type": "overloaded_error", "message": "Overloaded"}, "overloaded_error: Overloaded"),
    (
        '{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}',
        "overloaded_error: Overloaded",
    ),
    ("{'code': 429, 'message': 'slow down'}", "429: slow down"),
    (
        {
            "name": "TypeError",
            "message": "undefined is not a function",
            "stack": "TypeError: undefined\n at f (x.js:1)",
        },
        "TypeError: undefined is not a function",
    ),
    ({"type": "auth_error", "code": "401", "message": "no such key"}, "auth_error (401): no such key"),
    ({"type": "auth_error", "code": "no_key", "message": "no such key"}, "auth_error: no such key"),
    ({"errorType": "Timeout", "errorMessage": "Task timed out"}, "Timeout: Task timed out"),
    ({"detail": [{"loc": ["body", "q"], "msg": "field required"}]}, "field required"),
    (["disk is full", "no retry"], "disk is full; no retry"),
    (
        {"exc_type": "ValueError", "exc_message": ["bad input"]},
        '{"exc_type": "ValueError", "exc_message": ["bad input"]}',
    ),
    ("\x1b[31mError:\x1b[0m \x1b[1mdisk is full\x1b[0m", "Error: disk is full"),
    ("\x1b]0;title\x07boom", "boom"),
    ("10 %\r100 %\r\nKilled", "10 %\n100 %\nKilled"),
    ("{broken", "{broken"),
    ("[worker-1] disk is full", "[worker-1] disk is full"),
]
NOTHING: tuple[Any, ...] = (0, False, {}, [], "null", "None", "nan", "{}", "[]", "N/A", "-", "", None)
ERRORS += [(nothing, None) for nothing in NOTHING]


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> ReportDatabase:
    """A step run for each error, with no word of its status: what has an error has failed."""
    folder = tmp_path_factory.mktemp("errors")
    lines = [
        {"id": str(place), "run": "r", "step": "s", **AT, "error": error} for place, (error, _) in enumerate(ERRORS)
    ]
    (path := folder / "steps.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    db = ReportDatabase(folder)
    db.ingest(path)
    return db


@pytest.mark.parametrize("place", range(len(ERRORS)))
def test_an_error(steps: ReportDatabase, place: int) -> None:
    """The message is the tool's own; what says that there was none is no failure."""
    _, message = ERRORS[place]
    expected = [(message, "failed" if message else "completed")]
    assert steps.sql("select error_message, status from step_runs where source_key = ?", str(place)) == expected


def test_objects_are_distinguished(steps: ReportDatabase) -> None:
    """Two objects of one cause are one error, whoever printed them; those of two causes are two."""
    occurrences = dict(pairs(steps.report("top_errors"), "error", "occurrences"))
    assert occurrences["overloaded_error: Overloaded"] == 2
    assert {"<n>: slow down", "429: slow down"} & set(occurrences) == {"429: slow down"}


NO_CELLS = ("NULL", "null", "None", "nan", "NaN", "NaT", "<NA>", "\\N", "(null)", "N/A", "n/a", "-")


def test_cells_without_a_value(db: ReportDatabase, tmp_path: Path) -> None:
    """What a data frame, a database or a script writes for no value is none: the rows run, without error."""
    with (path := tmp_path / "steps.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "run", "step", "status", "started_at", "ended_at", "duration_ms", "error"])
        for place, nothing in enumerate(NO_CELLS):
            writer.writerow([str(place), "r", "s", "running", AT["started_at"], nothing, nothing, nothing])
    db.ingest(path)
    values = "status, ended_at, duration_ms, error_message"
    assert db.sql(f"select {values}, count(*) from step_runs group by {values}") == [
        ("running", None, None, None, len(NO_CELLS))
    ]
    assert db.report("data_quality") == []


# Each is 10:00 of 29 November 2025 in UTC.
TEN = (
    *("1.7644104e9", "2025-11-29 10:00:00 GMT", "2025-11-29T11:00:00+01:00[Europe/Berlin]", "Sat Nov 29 10:00:00 2025"),
    *("2025-11-29T10:00:00Z[UTC]", "1.7644104E+12"),
)


def test_times_of_other_tongues(db: ReportDatabase, tmp_path: Path) -> None:
    """Java names the zone behind the offset, C the month before the day, a spreadsheet writes powers of ten."""
    rows = "".join(f'{place},r,s,done,"{time}"\n' for place, time in enumerate(TEN))
    (path := tmp_path / "steps.csv").write_text("id,run,step,status,started_at\n" + rows + "x,r,s,done,0\n", "utf-8")
    db.ingest(path)
    assert db.sql("select count(*), min(started_at), max(started_at) from step_runs where source_key <> 'x'") == [
        (len(TEN), "2025-11-29T10:00:00.000Z", "2025-11-29T10:00:00.000Z")
    ]
    # The epoch is a time that nothing began at: a finding, and a row.
    assert pairs(db.report("data_quality"), "problem", "rows") == [("step_runs: times at the epoch", 1)]
