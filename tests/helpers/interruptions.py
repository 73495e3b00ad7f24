"""Ingests in processes of their own, and what they leave behind."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from helpers.tracker import Tracker

ROWS = 90_000
FEWER_ROWS = 40_000
# What `plant_small` makes, counted by hand.
SMALL = {"stories": 2, "step_runs": 3, "failed": 1, "executions": 3, "total_ms": 4200}
CORE = ("stories", "runs", "step_runs", "artifacts", "calls", "events", "rejects", "ingests", "sources")
# What a folder's files hold.
HASHES = """
import hashlib, json, pathlib, sys
files = [path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_file()]
print(json.dumps({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}))
"""


@dataclass(frozen=True)
class History:
    """A source, and what a whole ingest of it must show: counted by SQL on the source itself."""

    path: Path
    totals: dict[str, int]


def one(connection: sqlite3.Connection, sql: str, *values: object) -> int:
    """The one number that a query returns."""
    return int(connection.execute(sql, values).fetchone()[0] or 0)


def plant_small(path: Path) -> Path:
    """Two stories, two completed steps and a failed one."""
    tracker = Tracker(path)
    for story in ("S1", "S2"):
        tracker.register(story)
    tracker.end("S1", "01_ingest", "run-1", 1200)
    tracker.end("S2", "01_ingest", "run-2", 3000)
    tracker.end("S2", "02_preprocess", "run-2", 50, "failed", "Disk full")
    tracker.close()
    return path


def plant_history(path: Path, rows: int, journal: str = "delete") -> History:
    """A long history and its totals. Each of its step_status rows is the verdict on a row of the history."""
    tracker = Tracker(path, journal)
    tracker.fill(rows)
    tracker.close()
    with closing(sqlite3.connect(path)) as connection:
        history = "select {} from step_history"
        ended = "select {} from step_history where status in ('completed', 'failed')"
        totals = {
            "stories": one(connection, "select count(*) from stories"),
            "step_runs": one(connection, history.format("count(*)")),
            "failed": one(connection, history.format("sum(status = 'failed')")),
            "executions": one(connection, ended.format("count(*)")),
            "total_ms": one(connection, history.format("sum(execution_time_ms) filter (where status = 'completed')")),
        }
    assert totals["step_runs"] == rows
    return History(path, totals)


def shown(database: Path) -> dict[str, dict[str, int]]:
    """What a report database shows of each source, after it was checked to be whole."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        return {
            name: {
                "stories": one(connection, "select count(*) from stories where source_id = ?", source),
                "step_runs": one(connection, "select count(*) from step_runs where source_id = ?", source),
                "failed": one(
                    connection, "select count(*) from step_runs where source_id = ? and status = 'failed'", source
                ),
                "executions": one(
                    connection, "select sum(executions) from rollup_step_days where source_id = ?", source
                ),
                "total_ms": one(connection, "select sum(total_ms) from rollup_step_days where source_id = ?", source),
            }
            for source, name in connection.execute("select id, name from sources order by name").fetchall()
        }


def row_counts(database: Path) -> dict[str, int]:
    """How many rows of all sources each table has."""
    with closing(sqlite3.connect(database)) as connection:
        return {table: one(connection, f"select count(*) from {table}") for table in CORE}


def files_of(folder: Path) -> dict[str, str]:
    """The files of a folder and their content."""
    # Another process looks: to close a file here would give up this process's locks on it.
    done = subprocess.run([sys.executable, "-c", HASHES, str(folder)], capture_output=True, check=True)
    files: dict[str, str] = json.loads(done.stdout)
    return files


def start(*arguments: object, scratch: Path) -> "subprocess.Popen[str]":
    """Start an ingest whose temporary files go into `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name != "STORYREPORT_DB"}
    return subprocess.Popen(
        [sys.executable, "-m", "storyreport", "ingest", *map(str, arguments)],
        env={**kept, "TMPDIR": str(scratch), "SQLITE_TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """The exit code, stdout and stderr of an ingest that runs to its end."""
    with process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def ingest(*arguments: object, scratch: Path) -> str:
    """Run an ingest, which must succeed quietly; return what it printed."""
    code, out, err = finish(start(*arguments, scratch=scratch))
    assert (code, err) == (0, "")
    return out


def wait_for_work(process: "subprocess.Popen[str]", scratch: Path) -> None:
    """Wait until an ingest has begun to copy its source."""
    # Not with glob(), which fails where a folder goes meanwhile; nor in scratch itself, where tempfile tries things.
    while process.poll() is None and not any(files for folder, _, files in os.walk(scratch) if folder != str(scratch)):
        time.sleep(0.002)
