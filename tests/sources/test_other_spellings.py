"""Columns and log lines as forks and loggers spell them: their meaning is the same."""

from pathlib import Path

import pytest
from helpers.adventure import TABLES
from helpers.report_database import ReportDatabase, change


@pytest.mark.parametrize("name", ["isWinningEnding", "winning", "is_victory", "isWinning"])
def test_an_ending_that_wins(db: ReportDatabase, tmp_path: Path, name: str) -> None:
    """A root that leads to one ending, which wins."""
    path = tmp_path / "game.db"
    change(
        path,
        *TABLES.replace("is_winning_ending", name).split(";"),
        "insert into stories (id, title, created_at) values (1, 'T', '2026-01-01 10:00:04')",
        f"insert into story_nodes (id, story_id, is_root, is_ending, {name}, options)"
        """ values (1, 1, 1, 0, 0, '[{"text": "go", "node_id": 2}]'), (2, 1, 0, 1, 1, '[]')""",
    )
    db.ingest(path)
    assert [(row["endings"], row["winning_endings"]) for row in db.report("story_trees")] == [(1, 1)]
    assert [row for row in db.report("data_quality") if row["area"] == "columns"] == []


@pytest.mark.parametrize(
    ("name", "other"), [("completed_at", "completedOn"), ("status", "state"), ("error", "failure_reason")]
)
def test_the_columns_of_a_job(db: ReportDatabase, tmp_path: Path, name: str, other: str) -> None:
    path = tmp_path / "game.db"
    jobs = next(table for table in TABLES.split(";") if "story_jobs" in table)
    values = {"completed_at": "2026-01-01 10:00:04", "status": "failed", "error": "boom"}
    values = {other if column == name else column: value for column, value in values.items()}
    written = ", ".join(f"'{value}'" for value in values.values())
    change(
        path,
        *TABLES.replace(jobs, jobs.replace(name, other)).split(";"),
        f"insert into story_jobs (id, job_id, created_at, {', '.join(values)})"
        f" values (1, 'j1', '2026-01-01 10:00:00', {written})",
    )
    db.ingest(path)
    # Four seconds, from 10:00:00 to 10:00:04.
    assert db.sql("select status, duration_ms, error_message from runs") == [("failed", 4000, "boom")]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('[2026-11-20T10:00:02.000Z] warn: Workflow error occurred {"runId":"r1"}', "warn"),
        ('2026-11-20T10:00:02.000Z [warn]: Workflow error occurred {"runId":"r1"}', "warn"),
        (
            '{"level":"\\u001b[33mWARN\\u001b[39m","message":"Workflow error occurred","runId":"r1",'
            '"timestamp":"2026-11-20T10:00:02.000Z"}',
            "warn",
        ),
    ],
)
def test_lines_of_a_log(db: ReportDatabase, tmp_path: Path, line: str, level: str) -> None:
    (path := tmp_path / "app.log").write_text(
        f'info: Story context loaded successfully {{"runId":"r1"}}\n{line}\n', "utf-8"
    )
    db.ingest(path)
    found = db.sql("select level, at from log_events where message = 'Workflow error occurred'")
    assert found == [(level, "2026-11-20T10:00:02.000Z")]
    assert db.sql("select count(*) from rejects") == [(0,)]
