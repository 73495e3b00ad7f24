"""Columns of a file that few rows have: none of their values is lost, wherever the first one stands."""

import json
from pathlib import Path

from helpers.report_database import ReportDatabase


def test_a_column_may_begin_late(db: ReportDatabase, tmp_path: Path) -> None:
    """One of 150 calls, past the first hundred, has a cost, a project and an error; nobody has a tier."""
    late = {"cost": 0.75, "currency": "EUR", "project": "atlas", "error": "429 Too Many Requests"}
    rows = [
        {"id": f"c{number}", "called_at": "2026-03-01T10:00:00Z", "model": "m1", **(late if number == 120 else {})}
        for number in range(150)
    ]
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    db.ingest(path)
    found = db.one("select json_array(count(*), sum(cost), max(currency), max(labels), max(tier)) from calls")
    assert json.loads(found) == [150, 0.75, "USD", '{"project":"atlas"}', ""]
    assert db.one("select source_key from calls where cost = 0.75 and currency = 'EUR' and status = 'failed'") == "c120"


def test_a_bad_value_past_the_first_rows_is_said(db: ReportDatabase, tmp_path: Path) -> None:
    """The only value of a column cannot be read: its row is kept without it, with a warning."""
    lines = [json.dumps({"id": f"c{number}", "called_at": "2026-03-01T10:00:00Z"}) for number in range(120)]
    lines.append(' {"id": "c120", "called_at": "2026-03-01T10:00:00Z", "output_tokens": "many"} ')
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    db.ingest(path)
    assert db.one("select count(*) from calls") == 121
    assert db.one("select severity || ' ' || reason from rejects") == "warning output_tokens is not a number"
