"""The service's log with the stacks of its errors, and its errors as pino writes them."""

from pathlib import Path

from helpers.report_database import ReportDatabase


def test_a_stack_is_of_the_line_above(db: ReportDatabase, tmp_path: Path) -> None:
    """Its lines are no broken ones; a line of anything else is, and what follows it."""
    (path := tmp_path / "app.log").write_text(
        'info: Story context loaded successfully {"runId":"r1"}\n'
        'error: Workflow error occurred {"runId":"r1","error":"boom"}\n'
        "    at write (/app/chapters.js:10:5)\n"
        "    at async Promise.all (index 0)\n"
        "    ... 3 lines matching cause stack trace ...\n"
        'warn: Progress update already in progress, skipping {"runId":"r1"}\n'
        "an unreadable line\n"
        "    at nowhere (/app/x.js:1:1)\n",
        "utf-8",
    )
    db.ingest(path)
    assert db.sql("select level, message from log_events order by id") == [
        ("info", "Story context loaded successfully"),
        ("error", "Workflow error occurred: boom"),
        ("warn", "Progress update already in progress, skipping"),
    ]
    # Newest first.
    assert [row["key"] for row in db.report("rejected_rows")] == ["line 8", "line 7"]


def test_an_error_of_pino(db: ReportDatabase, tmp_path: Path) -> None:
    """The message of the error stands behind that of the line."""
    (path := tmp_path / "app.log").write_text(
        '{"level":50,"time":1772359200000,"msg":"Workflow error occurred","runId":"r1",'
        '"err":{"type":"Error","message":"boom","stack":"Error: boom"}}\n',
        "utf-8",
    )
    db.ingest(path)
    expected = [("error", "Workflow error occurred: boom", "2026-03-01T10:00:00.000Z")]
    assert db.sql("select level, message, at from log_events") == expected
