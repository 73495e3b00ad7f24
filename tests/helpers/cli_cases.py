"""Sources and report databases for the tests of commands, and what a failed command may say."""

import contextlib
import hashlib
import json
import random
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from helpers.tracker import Tracker

REPORTS = ("cost", "failure_rates", "orphans", "slowest_steps", "stuck_runs")
# What `plant` puts into the source called "earlier", counted by hand. Only completed executions have a duration.
SLOWEST = {"03_generate": (3, 4000, 3000), "01_ingest": (2, 1200, 700)}
SOURCE_ROWS = 2 + 5 + 4  # stories, step_history, step_status
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, out: str = "") -> None:
    """It failed with this exit code and one sentence, and printed nothing else but `out`."""
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    assert done.stdout == out
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    assert lines[0].endswith((".", "?"))
    assert not re.search(r"[.!?] [A-Z]", lines[0]), "more than one sentence"
    assert not CONTROL.search(lines[0])


def state(folder: Path) -> dict[str, str]:
    """Every file below a folder that can be read, and what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(text: str) -> list[dict[str, Any]]:
    """The rows of a report printed as JSON."""
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


def plant(path: Path, journal: str = "delete") -> Path:
    """A small pipeline database: two stories, two steps, one of them failed once and was run again."""
    tracker = Tracker(path, journal)
    for story, ingest_ms, generate_ms in (("S1", 500, 3000), ("S2", 700, 1000)):
        tracker.register(story, f"Story {story}")
        tracker.end(story, "01_ingest", "run-1", ingest_ms)
        if story == "S1":
            tracker.end(story, "03_generate", "run-1", 9000, "failed", "Timeout after 9 s")
        tracker.clock(minutes=5)
        tracker.end(story, "03_generate", "run-2", generate_ms)
    tracker.close()
    return path


def plant_media(path: Path) -> Path:
    """A small database of the media service."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            create table workflows (id text primary key, original_prompt text, current_phase text, status text,
                created_at text, updated_at text);
            create table generated_files (id integer primary key, workflow_id text, file_type text, file_path text);
            insert into workflows values ('w1', 'x', 'done', 'completed', '2026-03-01 10:00:00', '2026-03-01 11:00:00');
        """)
    return path


def sql_file(path: Path, script: str) -> Path:
    """A SQLite file that a script makes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def other_application(folder: Path) -> Path:
    return sql_file(
        folder / "contacts.db",
        "create table people (id integer primary key, name text); create table addresses (person_id, street);"
        "insert into people (name) values ('Ann')",
    )


@contextlib.contextmanager
def unchanged(*folders: Path) -> Iterator[None]:
    """What happens here leaves these folders byte for byte as they are."""
    before = [state(folder) for folder in folders]
    yield
    assert [state(folder) for folder in folders] == before


def text(path: Path) -> None:
    path.write_text("These are my notes. " * 100, encoding="utf-8")


def noise(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + random.Random(3).randbytes(len(content) - 100))
