"""The service's log with the stacks of its errors, and its errors as pino writes them."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport.sources import workflow


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


STACKS = {
    "python": (
        "Traceback (most recent call last):",
        '  File "a.py", line 3, in run',
        '    raise KeyError("t")',
        "KeyError: 't'",
    ),
    "java": ("java.lang.Exception: boom", "\tat a.B.c(B.java:3)", "Caused by: a.IOError: x", "\t... 12 more"),
    "cut off by the next line": ("Traceback (most recent call last):", '  File "a.py", line 3, in run'),
}  # fmt: skip


@pytest.mark.parametrize("language", STACKS)
def test_stacks_of_other_languages(tmp_path: Path, language: str) -> None:
    """They are no broken lines either, and hide none of those that follow."""
    lines = ['error: Workflow error occurred {"runId":"r1"}', *STACKS[language], 'info: Story not found {"runId":"r1"}']
    # Colours, and what clears the rest of a line.
    (path := tmp_path / "app.log").write_text("".join(f"\x1b[1;31m{line}\x1b[0m\x1b[K\n" for line in lines), "utf-8")
    found = [(row[3], row[-1]) for _, row in workflow.stage_log(path)]
    assert found == [("workflow_error", None), ("story_not_found", None)]


@pytest.mark.parametrize(
    "before",
    ["web-1  | ", "2026-11-20T10:00:00.123Z ", "2026-11-20T10:00:00.123456789Z stderr F ", "[pod/web-1/app] "],
)
def test_stacks_that_a_collector_wrote(tmp_path: Path, before: str) -> None:
    """What it writes before each line stands before the lines of a stack, too."""
    lines = [
        'error: Workflow error occurred {"runId":"r1"}',
        *("    at write (/app/a.js:1:2)",) * 2,
        "info: Story not found",
    ]
    (path := tmp_path / "app.log").write_text("".join(f"{before}{line}\n" for line in lines), "utf-8")
    found = [(row[3], row[-1]) for _, row in workflow.stage_log(path)]
    assert found == [("workflow_error", None), ("story_not_found", None)]


def test_a_log_that_begins_with_other_lines(tmp_path: Path) -> None:
    """What a service prints when it starts may be long; each of its lines is listed as none of the log."""
    (path := tmp_path / "app.log").write_text("Compiled\n" * 60 + "info: Story not found\n", "utf-8")
    assert workflow.find_log(path) == path
    assert sum(row[-1] is not None for _, row in workflow.stage_log(path)) == 60


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
