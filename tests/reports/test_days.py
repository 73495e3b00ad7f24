"""Days: a report of some days says what it would say, whole, of a history that has these days alone."""

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers.adventure import TABLES as ADVENTURE
from helpers.report_database import ReportDatabase, change

from storyreport import reports

DAYS = ("2026-03-10", "2026-03-11", "2026-03-12")
UNDATED = ""
# The first and the last moment of a day belong to it.
MOMENTS = ("00:00:00.000", "12:00:00.000", "23:59:59.999")
# since → until → the days of it. Of what has no time, only a report of all days or up to now speaks.
SPANS = {
    (DAYS[1], DAYS[1]): DAYS[1:2],
    (DAYS[1], ""): DAYS[1:],
    ("", DAYS[1]): DAYS[:2],
    (DAYS[0], DAYS[2]): DAYS,
    ("2026-03-01", DAYS[0]): DAYS[:1],
    (DAYS[2], "2026-12-31"): DAYS[2:],
}
# What differs between two databases of the same rows: a hash has its own key, and an example is any of its kind.
NOT_COMPARED = {"session", "example"}
# What is usual is seen by the days before those that are asked for.
USUAL = {"cost_anomalies"}
REPORTS = sorted(
    name
    for name, report in reports.load_reports().items()
    if {"since", "until"} <= {param.name for param in report.params} and name not in USUAL
)


def plant(folder: Path, days: Collection[str]) -> ReportDatabase:
    """Attempts, calls, jobs and log lines of these days: more on a later one, the longer and the more expensive."""
    folder.mkdir()
    db = ReportDatabase(folder)
    attempts, calls, jobs, lines = [], [], [], []
    for number, day in enumerate((*DAYS, UNDATED)):
        for place in range(3 * (number + 1)) if day in days else ():
            at = f"{day}T{MOMENTS[place % 3]}Z" if day else ""
            key, is_failed = f"{number}-{place}", place % 3 == 1
            work = {"run": f"r-{key}", "story": f"S-{number}", "status": "failed" if is_failed else "completed"}
            error = f"Boom {place}" if is_failed else ""
            duration = 1000 * 2**number + place
            attempts.append(
                {**work, "step": "plan", "started_at": "", "ended_at": at, "duration_ms": duration, "error": error}
                | {"acceptance_passed": int(place % 2 == 0)}
            )
            if is_failed and place > 3:
                attempts.append({**attempts[-1], "attempt": 2, "status": "completed", "error": ""})
            calls.append(
                {**work, "step": "plan", "provider": "acme", "endpoint": "chat", "called_at": at}
                | {"duration_ms": duration, "error": error, "total_tokens": 10 + place, "cost": 2**number / 4}
                | {
                    "model": "m",
                    "team": "tellers",
                    "input_tokens": 5,
                    "cache_read_tokens": 2,
                    "output_tokens": 5 + place,
                }
            )
            if day:
                time = at.replace("T", " ").removesuffix("Z")
                jobs.append((key, f"cookie-{place % 2}", "sea", work["status"], time, time))
                lines.append({"level": "error", "message": "Workflow error occurred", "timestamp": at, "runId": key})
    write(folder / "plain" / "attempts.csv", attempts)
    write(folder / "plain" / "calls.csv", calls)
    db.ingest(folder / "plain")
    change(
        folder / "games.db",
        *ADVENTURE.split(";"),
        *(
            "insert into story_jobs (job_id, session_id, theme, status, created_at, completed_at)"
            f" values {tuple(job)!r}"
            for job in jobs
        ),
    )
    db.ingest(folder / "games.db")
    (folder / "tales.log").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    db.ingest(folder / "tales.log")
    return db


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A CSV file."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, dict.fromkeys(name for row in rows for name in row))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ReportDatabase:
    """A history of three days and of no day."""
    return plant(tmp_path_factory.mktemp("days") / "whole", (*DAYS, UNDATED))


@pytest.fixture(scope="module", params=SPANS, ids=str)
def span(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], ReportDatabase]:
    """The parameters of a span, and a history that has nothing else."""
    given = dict(zip(("since", "until"), request.param, strict=True))
    return given, plant(tmp_path_factory.mktemp("days") / "part", SPANS[request.param])


def compared(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what differs between databases; money as a sum in any order."""
    return [
        {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in row.items()
            if name not in NOT_COMPARED
        }
        for row in rows
    ]


@pytest.mark.parametrize("name", REPORTS)
def test_some_days_are_a_history_of_their_own(
    whole: ReportDatabase, span: tuple[dict[str, str], ReportDatabase], name: str
) -> None:
    """Every report that takes days, its last day included and what has no time left out."""
    given, part = span
    expected = compared(part.report(name))
    assert expected, f"plant something that {name} shows"
    assert compared(whole.report(name, **given)) == expected


@pytest.mark.parametrize("name", REPORTS)
def test_all_days_have_what_has_no_time(whole: ReportDatabase, name: str) -> None:
    """Without days a report has what has no time, too, where there is such a thing; before all of history, nothing."""
    dated = compared(whole.report(name, since=DAYS[0]))
    assert (compared(whole.report(name)) != dated) == (name not in ("themes", "sessions", "log_metrics"))
    assert whole.report(name, until="2026-03-09") == whole.report(name, since="2026-03-13") == []
