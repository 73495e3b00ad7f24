"""Pairs of files: a source, data/<system>--<case>.*, and beside it as .json the rows that it must become.

The rows are worked out by hand; only the columns named there are compared.
"""

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from helpers import DATA
from helpers.report_database import ReportDatabase
from storyreport.upkeep.doctor import examine

# In each input, as a prompt, an argument, a result, a name or a place.
PRIVATE = (b"secret prompt", b"secret-user", b"secret-host", b"secret-path", b"ann@example.com")
ROWS = {
    "runs": "select * from runs",
    "step_runs": """
        select step_runs.*, steps.name as step, steps.family, coalesce(runs.source_key, run_key) as run
        from step_runs
        join steps on steps.id = step_id
        left join runs on runs.id = run_id""",
}


def source_of(pair: str) -> Path:
    """The file of a pair that is handed over."""
    (found,) = (path for path in DATA.glob(f"{pair}.*") if path.suffix != ".json")
    return found


def rows(db: ReportDatabase, table: str) -> list[dict[str, Any]]:
    """The rows of a core table by their keys, with the names of what they refer to."""
    with contextlib.closing(sqlite3.connect(db.path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"{ROWS[table]} order by {table}.source_key")]


def check_pair(db: ReportDatabase, pair: str, **how: Any) -> None:
    """A file is known by what it holds, becomes the rows expected, copies nothing private, and again writes nothing."""
    source = source_of(pair)
    outcome = db.ingest(source, **how)
    assert db.sql("select system from sources") == [(pair.partition("--")[0],)]
    assert outcome.counts.rejected == 0
    check_rows(db, pair)
    assert db.ingest(source).unchanged
    assert db.ingest(source, full=True).counts.written == 0
    assert db.report("orphans") == []
    assert examine(db.path) == []
    content = source.read_bytes()
    assert any(text in content for text in PRIVATE)
    stored = b"".join(path.read_bytes() for path in db.path.parent.glob("report.db*"))
    assert [text for text in PRIVATE if text in stored] == []


def check_rows(db: ReportDatabase, pair: str) -> None:
    """Compare the core tables with the rows that a pair expects."""
    expected = json.loads((DATA / f"{pair}.json").read_text(encoding="utf-8"))
    for table in ROWS:
        found = rows(db, table)
        wanted = expected.get(table, [])
        assert [row["source_key"] for row in found] == [row["source_key"] for row in wanted]
        for row, want in zip(found, wanted, strict=True):
            assert {name: row[name] for name in want} == want
