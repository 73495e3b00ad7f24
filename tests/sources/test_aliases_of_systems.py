"""Columns that forks of the other systems call otherwise say the same; each is derived from one planted row."""

from pathlib import Path

import pytest
from helpers import media, sprint, workflow
from helpers.report_database import ReportDatabase, change

MEDIA = {
    "story_title": "title",
    "completed_at": "finished_at",
    "total_processing_time": "processing_time",
    "file_size": "size_bytes",
    "file_name": "filename",
    "tokens_used": "tokens",
    "cost_usd": "cost",
    "error_message": "error",
}


def columns(db: ReportDatabase) -> list[str]:
    """The findings about columns."""
    return [row["problem"] for row in db.report("data_quality") if row["area"] == "columns"]


def renamed(schema: str, names: dict[str, str]) -> list[str]:
    """The statements of a schema with other names."""
    for name, other in names.items():
        schema = schema.replace(f" {name} ", f" {other} ")
    return schema.split(";")


def test_media(db: ReportDatabase, tmp_path: Path) -> None:
    """A workflow of five minutes with a file of 1000 bytes and a call of half a dollar."""
    path = tmp_path / "movies.db"
    change(
        path,
        *renamed(media.NEW, MEDIA),
        "insert into workflows (id, title, current_phase, status, created_at, finished_at, processing_time)"
        " values ('w1', 'Fox', 'audio', 'completed', '2026-03-01 10:00:00', '2026-03-01 10:05:00', 300)",
        "insert into generated_files (id, workflow_id, file_type, filename, size_bytes)"
        " values ('f1', 'w1', 'image', '1.png', 1000)",
        "insert into api_usage (id, workflow_id, api_provider, endpoint, tokens, cost, success, error)"
        " values (1, 'w1', 'openai', 'chat', 70, 0.5, 0, 'boom')",
    )
    db.ingest(path)
    assert db.sql("select title, ended_at from stories") == [("Fox", "2026-03-01T10:05:00.000Z")]
    assert db.sql("select duration_ms from runs") == [(300_000,)]
    assert db.sql("select name, size_bytes from artifacts") == [("1.png", 1000)]
    assert db.sql("select total_tokens, cost, error_message from calls") == [(70, 0.5, "boom")]
    assert columns(db) == []


@pytest.mark.parametrize("ended", ["completed_at", "endTime"])
def test_workflow(db: ReportDatabase, tmp_path: Path, ended: str) -> None:
    """A run of a minute that failed, and usage of two euros."""
    path = workflow.write(tmp_path / "tales.db")
    change(
        path,
        f"alter table story_generation_runs rename column ended_at to {ended}",
        "alter table story_generation_runs rename column error_message to failure_reason",
        "create table token_usage_tracking (token_usage_id, story_id, action, ai_model, cost_eur, created_at)",
        f"insert into story_generation_runs (run_id, story_id, status, failure_reason, started_at, {ended})"
        " values ('r1', 's1', 'failed', 'boom', '2026-03-01 10:00:00', '2026-03-01 10:01:00')",
        "insert into token_usage_tracking (token_usage_id, story_id, action, ai_model, cost_eur)"
        " values ('t1', 's1', 'test', 'm', 2)",
    )
    db.ingest(path)
    assert db.sql("select duration_ms, error_message from runs") == [(60_000, "boom")]
    assert db.sql("select cost, currency from calls") == [(2, "EUR")]
    assert columns(db) == []


def test_options_in_camel_case(db: ReportDatabase, tmp_path: Path) -> None:
    """A fork in TypeScript: the root leads to the one ending, which is one step away."""
    path = tmp_path / "tales.db"
    change(
        path,
        "create table stories (id integer primary key, title text, sessionId text, createdAt text)",
        "create table story_jobs (id integer primary key, jobId text, status text, storyId integer)",
        "create table story_nodes (id integer primary key, storyId integer, content text, isRoot bool, isEnding bool,"
        " isWinningEnding bool, options text)",
        "insert into stories values (1, 'Fox', 's', '2026-03-01 10:00:00')",
        """insert into story_nodes values (1, 1, '', 1, 0, 0, '[{"text": "go", "nodeId": 2}]')""",
        "insert into story_nodes values (2, 1, '', 0, 1, 1, '[]')",
    )
    db.ingest(path)
    assert db.report("story_tree_problems") == []
    assert [(row["endings"], row["depth"]) for row in db.report("story_trees")] == [(1, 1)]


def test_sprint(db: ReportDatabase, tmp_path: Path) -> None:
    """A batch of ten seconds."""
    path = tmp_path / "sprint-runner.db"
    change(
        path,
        *sprint.SCHEMA.split(";"),
        "alter table batches rename column started_at to start_time",
        "alter table batches rename column ended_at to completedAt",
        "insert into batches values (1, 1772359200, 1772359210, 5, 2, 'completed')",
    )
    db.ingest(path)
    assert db.sql("select started_at, duration_ms from runs") == [("2026-03-01T10:00:00.000Z", 10_000)]
    assert columns(db) == []


def test_mongodb_own_fields_are_no_finding(db: ReportDatabase, tmp_path: Path) -> None:
    (path := tmp_path / "workflows.json").write_text(
        '{"_id":{"$oid":"1"},"__v":0,"id":"w1","original_prompt":"x","storyTitle":"Fox","current_phase":"a",'
        '"status":"active","created_at":"2026-03-01","updated_at":"2026-03-01","completed_at":null,'
        '"total_processing_time":null}\n',
        "utf-8",
    )
    db.ingest(path)
    # enhanced_story is absent, and _id is the one other field.
    assert db.sql("select title from stories") == [("Fox",)]
    assert columns(db) == []
