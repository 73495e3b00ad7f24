"""What a terminal shows beside tables: the headline, days as lines of blocks, the runs of a pipeline, colours."""

import contextlib
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from helpers.cli_cases import assert_one_sentence
from helpers.command_line import environment, ok, printed, storyreport
from helpers.tracker import Tracker

from storyreport.terminal import sparks
from storyreport.terminal.tables import display_width

DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(8)]
SUMS = {"x": {"field": "day", "type": "temporal"}, "y": {"field": "calls", "type": "quantitative", "stack": "zero"}}
COLOUR = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture(scope="module")
def report_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracker with one failed and two completed runs, long ago, and a story of a day later."""
    folder = tmp_path_factory.mktemp("pictures")
    tracker = Tracker(folder / "studio.db")
    for number, status in enumerate(("completed", "failed", "completed")):
        tracker.register(f"S{number}")
        tracker.end(f"S{number}", "01_ingest", f"run-{number}", 1000 * (number + 1), status)
        tracker.clock(days=1)
    tracker.close()
    ok("ingest", "studio.db", cwd=folder)
    return folder / "storyreport.db"


def on_a_terminal(*arguments: object, cwd: Path, **variables: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    with contextlib.closing(os.fdopen(ours, "rb", buffering=0)) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "storyreport", *map(str, arguments)],
            cwd=cwd,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
        )
        os.close(theirs)
        read = b""
        # Linux ends what a terminal says with an error, once nobody holds its other end.
        with contextlib.suppress(OSError):
            while more := terminal.read(4096):
                read += more
        assert process.wait(60) == 0
    return read.decode("utf-8").replace("\r\n", "\n")


def test_each_day_is_a_block() -> None:
    """Heights are eighths of the highest; a day without rows is a gap, and zero the lowest block."""
    rows = [{"day": str(day), "calls": number + 1} for number, day in enumerate(DAYS)]
    lines = list(sparks.over_time({"encoding": SUMS}, rows, 80))
    assert lines == ["Calls, 2026-03-01 to 2026-03-08", "▁▂▃▄▅▆▇█  at most 8"]
    gap = [row for row in rows if row["day"] not in ("2026-03-03", "2026-03-04")]
    assert list(sparks.over_time({"encoding": SUMS}, gap, 80))[1] == "▁▂  ▅▆▇█  at most 8"
    assert sparks.blocks([0, 0, None]) == "▁▁ "


def test_rows_of_a_day_are_taken_together_as_the_chart_does() -> None:
    """A sum where the chart stacks, a share of sums for a ratio, else the highest."""
    rows = [
        {"day": "2026-03-01", "calls": 3, "pct": 75.0, "bad": 3, "all": 4, "p95_ms": 1000},
        {"day": "2026-03-01", "calls": 5, "pct": 0.0, "bad": 0, "all": 4, "p95_ms": 4000},
        {"day": "2026-03-02", "calls": 4, "pct": 75.0, "bad": 3, "all": 4, "p95_ms": 2000},
    ]
    assert list(sparks.over_time({"encoding": SUMS}, rows, 80))[1] == "█▄  at most 8"
    share = {"field": "failed_pct", "ratio": ["bad", "all"]}  # 3 of 8 is 37.5 %, 3 of 4 is 75 %
    assert list(sparks.over_time({"encoding": {**SUMS, "y": share}}, rows, 80))[1] == "▄█  38 to 75 %"
    highest = {"field": "p95_ms"}
    assert list(sparks.over_time({"encoding": {**SUMS, "y": highest}}, rows, 80))[1] == "█▄  at most 4.0 s"


def test_series_have_a_line_each_and_fit() -> None:
    """The largest first, at most six; names are cut, and 400 days share cells."""
    encoding = {**SUMS, "color": {"field": "source"}}
    rows = [
        {"day": str(date(2025, 1, 1) + timedelta(days=day)), "calls": number, "source": f"{'龍' * 20}{number}"}
        for day in range(400)
        for number in range(1, 9)
    ]
    lines = list(sparks.over_time({"encoding": encoding}, rows, 80))
    assert len(lines) == 1 + 6 + 1
    assert lines[-1] == "and 2 more"
    assert max(map(display_width, lines)) <= 80
    assert lines[1].endswith("at most 96")  # 400 days in 34 cells: 12 days of 8 calls


@pytest.mark.parametrize(
    ("encoding", "rows"),
    [
        ({**SUMS, "x": {"field": "day", "type": "nominal"}}, [{"day": str(day), "calls": 1} for day in DAYS]),
        (SUMS, [{"day": "2026-03-01", "calls": 1}]),
        (SUMS, [{"day": f"{day}T10:00:00Z", "calls": 1} for day in DAYS]),
        (SUMS, [{"day": None, "calls": 1}, {"day": "2026-99-99", "calls": 2}]),
        (SUMS, []),
    ],
)
def test_no_picture(encoding: dict[str, object], rows: list[dict[str, object]]) -> None:
    """Of what is no series of days nothing is drawn."""
    assert list(sparks.over_time({"encoding": encoding}, rows, 80)) == []


def test_runs_have_heights_and_colours() -> None:
    """The newest is at the right; a run of its p95 is three quarters high."""
    runs: list[dict[str, object]] = [
        {"status": "failed", "duration_ms": 100, "p95_ms": 100},
        {"status": "completed", "duration_ms": None, "p95_ms": None},
        {"status": "completed", "duration_ms": 100, "p95_ms": None},
    ]
    assert sparks.runs(runs) == "\x1b[32m█\x1b[0m\x1b[32m▁\x1b[0m\x1b[31m▆\x1b[0m"


def test_a_terminal_gets_the_picture(report_database: Path) -> None:
    """Above the table: the one execution of the second of three days failed. A pipe gets the table alone."""
    words = ("report", "failure_trend", "--db", report_database)
    lines = on_a_terminal(*words, cwd=report_database.parent).splitlines()
    table = printed(*words).splitlines()
    assert lines[-len(table) :] == table
    assert lines[:5] == [
        "1 execution of 3 failed.",
        "",
        "Failed executions, 2026-03-10 to 2026-03-12",
        "01_ingest  ▁█▁  0 to 100 %",
        "",
    ]
    assert max(map(display_width, lines)) <= 80


def test_status_of_everything(report_database: Path) -> None:
    """The last runs of each pipeline as they are in the database, coloured on a terminal unless nobody wants it."""
    folder = report_database.parent
    found = json.loads(printed("status", "--format", "json", "--db", report_database))
    with contextlib.closing(sqlite3.connect(report_database)) as connection:
        runs = connection.execute("select source_key, status from runs order by started_at desc").fetchall()
    assert [(run["run"], run["status"]) for run in found["pipelines"][0]["runs"]] == runs
    assert re.fullmatch(r"no runs, the last one [\d,]+ days ago \(2026-03-12\)", found["last_24h"])
    assert {check["status"] for check in found["checks"]} <= {"problem", "warning"}
    shown = on_a_terminal("status", "--db", report_database, cwd=folder)
    bare = on_a_terminal("status", "--db", report_database, cwd=folder, NO_COLOR="1")
    assert COLOUR.sub("", shown) == bare
    (line,) = [line for line in shown.splitlines() if line.startswith("studio pipeline")]
    assert re.findall(r"\x1b\[(\d+)m[▁-█]", line) == ["32", "31", "32"]
    assert line.endswith("3 runs, 1 failed, 0 slow")
    piped = printed("status", "--db", report_database)
    assert "studio pipeline  3 runs, 1 failed, 0 slow" in piped.splitlines()
    assert_one_sentence(storyreport("status", "--source", "studo", cwd=folder), 2)
