"""Columns and log lines as forks and loggers spell them: their meaning is the same."""

import json
import re
import shutil
from pathlib import Path

import pytest
from helpers import DATA
from helpers.adventure import TABLES
from helpers.report_database import ReportDatabase, ask, change


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


@pytest.mark.parametrize("example", ["pipeline_stories.db", "luigi--history.db", "adventure.db", "celery--extended.db"])
def test_names_in_camel_case(tmp_path: Path, example: str) -> None:
    """A database whose tables and columns are called stepHistory and runId has what one in snake case has."""
    loaded = []
    for folder in ("snake", "camel"):
        (tmp_path / folder).mkdir()
        path = Path(shutil.copy(DATA / example, tmp_path / folder / "data.db"))
        if folder == "camel":
            change(path, *_renamings(path))
        (db := ReportDatabase(tmp_path / folder)).ingest(path)
        runs = db.sql("select source_key, status, started_at, duration_ms from runs order by source_key")
        steps = db.sql("select source_key, status, started_at, duration_ms from step_runs order by source_key")
        loaded.append((runs, steps, len(db.sql("select 1 from stories")), db.report("data_quality")))
    assert loaded[0] == loaded[1]
    assert any(loaded[1][:2])


def _renamings(path: Path) -> list[str]:
    """The statements that give all tables and columns of a database names in camel case."""
    tables = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    statements = []
    for (table,) in ask(path, tables):
        names = [name for (name,) in ask(path, "select name from pragma_table_info(?)", table)]
        statements += [
            f'alter table "{table}" rename column "{name}" to "{_camel(name)}"'
            for name in names
            if name != _camel(name)
        ]
        if table != _camel(table):
            statements.append(f'alter table "{table}" rename to "{_camel(table)}"')
    return statements


def _camel(name: str) -> str:
    return re.sub("_(.)", lambda match: match[1].upper(), name)


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_the_plain_form_in_camel_case(db: ReportDatabase, tmp_path: Path, ending: str) -> None:
    row = {"run": "r1", "step": "draw", "status": "done", "startedAt": "2026-01-01T10:00:00Z", "durationMs": 5000}
    lines = [json.dumps(row)] if ending == "jsonl" else [",".join(row), ",".join(map(str, row.values()))]
    (path := tmp_path / f"rows.{ending}").write_text("\n".join(lines) + "\n", "utf-8")
    db.ingest(path)
    found = db.sql("select started_at, ended_at, duration_ms from step_runs")
    assert found == [("2026-01-01T10:00:00.000Z", "2026-01-01T10:00:05.000Z", 5000)]
