"""Today's rules of privacy on a database that an earlier version made: nothing is left of the old texts, or lost."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from helpers.command_line import ok, storyreport
from helpers.report_database import ReportDatabase

from storyreport import keyed, values
from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune
from storyreport.upkeep.scrub import scrub
from storyreport.values import texts

BOB = "Zq7bob@example.com"
SAME = {"step": "write", "status": "failed"}
# Three errors that differ in secrets only, a prompt, and one that stays; two of them in January, the rest in March.
ROWS: tuple[dict[str, Any], ...] = (
    {"id": "1", "story": BOB, "day": "2026-01-01", "error": "Refused: api_key=Zq7aaaa-bbbb (HTTP 401)"},
    {"id": "2", "story": "B", "day": "2026-01-01", "error": "Refused: api_key=Zq7cccc.dddd (HTTP 401)"},
    {"id": "3", "story": BOB, "day": "2026-03-01", "error": "Refused: api_key=Zq7eeee (HTTP 401)"},
    {"id": "4", "story": "B", "day": "2026-03-01", "error": "Too long: prompt: 'Zq7 a dragon that loves Alice'"},
    {"id": "5", "story": "B", "day": "2026-03-01", "error": "Timeout"},
)
REFUSED = "Refused: api_key=<secret> (HTTP 401)"


@contextmanager
def an_earlier_version() -> Iterator[None]:
    """Nothing is redacted, and no key is hashed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "redacted", lambda text: text)
        patch.setitem(values.FUNCTIONS, "neutral", lambda text: text)
        patch.setattr(keyed, "E_MAIL", re.compile("(?!)"))
        yield


def write(path: Path) -> Path:
    """The step runs as a source in the plain form, and one that cannot be loaded."""
    rows = [
        {**SAME, **row, "started_at": f"{row['day']}T10:00:00Z", "ended_at": f"{row['day']}T10:05:00Z"} for row in ROWS
    ]
    for row in rows:
        del row["day"]
    rows.append({**SAME, "id": "bad", "started_at": "no time", "error": "Zq7 story"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def old(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    """What an earlier version kept of the source."""
    with an_earlier_version():
        db.ingest(write(tmp_path / "steps.jsonl"))
    row = json.dumps({"id": "bad", "started_at": "a story of Zq7 dragons", "error": "Zq7 story"})
    with closing(sqlite3.connect(db.path)) as connection, connection:
        connection.execute("update rejects set row = ?", [row])
    return db


def content(db: ReportDatabase) -> bytes:
    """All bytes of the file and its log."""
    log = db.path.with_name(db.path.name + "-wal")
    return db.path.read_bytes() + (log.read_bytes() if log.exists() else b"")


def errors(db: ReportDatabase) -> dict[str, tuple[int, int]]:
    """Example → occurrences and stories, as the report has them."""
    return {row["example"]: (row["occurrences"], row["stories"]) for row in db.report("top_errors")}


def test_nothing_is_left_of_the_old_texts(old: ReportDatabase) -> None:
    """In no table, free page or log; what was one story is one, and errors that are the same now are one."""
    assert content(old).count(b"Zq7") > 10
    found = {(one.table, one.column): one.rows for one in scrub(old.path)}
    assert b"Zq7" not in content(old)
    # Four of five messages, and one of two stories.
    assert found["step_runs", "error_message"] == 4
    assert found["stories", "source_key"] == 1
    assert found["rejects", "row"] == 1
    # By hand: three refusals of two stories, one prompt, one timeout.
    assert errors(old) == {REFUSED: (3, 2), "Too long: prompt: <text>": (1, 1), "Timeout": (1, 1)}
    assert json.loads(old.one("select row from rejects")) == {
        "id": "bad",
        "started_at": "<text of 22 characters>",
        "error": "<text of 9 characters>",
    }
    assert old.sql("select count(*) from errors_fts where errors_fts match 'refused'") == [(1,)]
    assert old.sql("pragma foreign_key_check") == []
    assert examine(old.path) == []


def test_the_next_ingest_finds_the_rows_again(old: ReportDatabase, tmp_path: Path) -> None:
    """Their keys are those that it would give them: nothing is new, and nothing is marked as deleted."""
    scrub(old.path)
    outcome = old.ingest(tmp_path / "steps.jsonl", full=True)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (0, 0, 0)


def test_an_ingest_between(old: ReportDatabase, tmp_path: Path) -> None:
    """A row that was loaded again under its new key and the earlier one are the same."""
    old.ingest(tmp_path / "steps.jsonl", full=True)
    scrub(old.path)
    assert b"Zq7" not in content(old)
    assert old.one("select count(*) from stories") == 2
    assert old.sql("select count(*), count(story_id) from step_runs") == [(5, 5)]
    assert examine(old.path) == []


def test_frozen_days_keep_their_counts(old: ReportDatabase) -> None:
    """Errors of pruned work are put together with those that are the same now."""
    prune(old.path, date(2026, 2, 1))
    before = errors(old)
    assert sum(rows for rows, _ in before.values()) == 5
    scrub(old.path)
    assert errors(old) == {REFUSED: (3, 2), "Too long: prompt: <text>": (1, 1), "Timeout": (1, 1)}
    assert b"Zq7" not in content(old)
    assert examine(old.path) == []


def test_with_text(db: ReportDatabase, tmp_path: Path) -> None:
    """Prompts stay where they were asked for, credentials never."""
    with an_earlier_version():
        db.ingest(write(tmp_path / "steps.jsonl"), with_text=True)
    scrub(db.path)
    messages = {text for (text,) in db.sql("select error_message from step_runs")}
    assert messages == {REFUSED, "Too long: prompt: 'Zq7 a dragon that loves Alice'", "Timeout"}


def test_doctor_counts_and_never_shows(old: ReportDatabase, tmp_path: Path) -> None:
    """It names the command; afterwards there is nothing to say."""
    done = storyreport("doctor", "--db", old.path, cwd=tmp_path)
    assert done.returncode == 1
    line = "step_runs: 4 rows, such as one whose error_message may not be kept (run `storyreport scrub`)"
    assert line in done.stdout.splitlines()
    assert "Zq7" not in done.stdout + done.stderr
    said = ok("scrub", "--db", old.path, cwd=tmp_path).splitlines()
    assert "step_runs, error_message: 4 rows scrubbed" in said
    assert said[-1] == "file rewritten"
    assert ok("doctor", "--db", old.path, cwd=tmp_path) == "all is well\n"
    assert ok("scrub", "--db", old.path, cwd=tmp_path) == "nothing to scrub, file rewritten\n"


def test_a_reader_keeps_the_log(old: ReportDatabase, tmp_path: Path) -> None:
    """It is said that the old texts are still there, and the next time they are taken out."""
    with closing(sqlite3.connect(old.path, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from stories").fetchone()
        done = storyreport("scrub", "--db", old.path, cwd=tmp_path)
        assert done.returncode == 1
        assert "is still in its log" in done.stderr
        reader.execute("commit")
    ok("scrub", "--db", old.path, cwd=tmp_path)
    assert b"Zq7" not in content(old)
