"""Trackers that are older, forked or exported: without a history, without stories, as CSV files."""

import sqlite3
from pathlib import Path

from helpers.report_database import ReportDatabase, change, pairs

STATUS = """
create table step_status (
    id integer primary key, story_id text, step_name text, status text, run_id text, error_message text,
    acceptance_passed integer, acceptance_details text, started_at text, completed_at text, created_at text
);
"""


def write(path: Path, *rows: str) -> Path:
    """A tracker of step_status alone, of these rows of SQL."""
    with sqlite3.connect(path) as connection:
        connection.executescript(STATUS)
        for row in rows:
            connection.execute(f"insert into step_status values ({row})")
    connection.close()
    return path


def test_a_tracker_without_a_history(db: ReportDatabase, tmp_path: Path) -> None:
    """Where a row has its start and its end, that is how long it took; without the start it is not known."""
    at = "2026-03-01 10:00"
    db.ingest(
        write(
            tmp_path / "tracker.db",
            f"1, 's1', '01_ingest', 'completed', 'r1', null, 1, null, '{at}:00.5', '{at}:05.75', '{at}:05'",
            f"2, 's1', '02_preprocess', 'failed', 'r1', 'boom', 0, null, null, '{at}:09', '{at}:09'",
            f"3, 's1', '03_generate', 'running', 'r1', null, 0, null, '{at}:09', null, '{at}:09'",
            # The clock was set back.
            f"4, 's2', '01_ingest', 'completed', 'r1', null, 1, null, '{at}:09', '{at}:05', '{at}:05'",
        )
    )
    assert db.sql("select source_key, duration_ms from step_runs order by 1") == [
        ("s1/01_ingest/1", 5250),
        ("s1/02_preprocess/1", None),
        ("s1/03_generate/1", None),
        ("s2/01_ingest/1", None),
    ]


def test_a_tracker_without_stories(db: ReportDatabase, tmp_path: Path) -> None:
    """Its stories are not missing: they were not read, as the page of each says, too."""
    row = "'r1', null, 0, null, null, '2026-03-01 10:00:05', '2026-03-01 10:00:05'"
    db.ingest(write(tmp_path / "tracker.db", f"1, 's1', '01_ingest', 'completed', {row}"))
    assert pairs(db.report("pending_stories"), "story", "title", "next_step") == [("s1", "(not read)", "02_preprocess")]
    assert pairs(db.report("story_status", story="s1"), "title") == [("(not read)",)]


def test_a_fork_with_steps_of_its_own(db: ReportDatabase, tmp_path: Path) -> None:
    """Nothing waits for a step of the tracker whose number has another name here, then or later."""
    row = "'completed', 'r1', null, 0, null, null, '2026-03-01 10:00:05', '2026-03-01 10:00:05'"
    db.ingest(
        write(tmp_path / "tracker.db", f"1, 's1', '01_ingest', {row}", f"2, 's2', '01_ingest', {row}",
              f"3, 's2', '02_plan', {row}", f"4, 's2', '03_write', {row}")
    )  # fmt: skip
    assert pairs(db.report("pending_stories"), "story", "next_step") == [("s1", "02_plan")]
    change(tmp_path / "tracker.db", f"insert into step_status values (5, 's3', '01_ingest', {row})")
    db.ingest(tmp_path / "tracker.db")
    assert pairs(db.report("pending_stories"), "story", "next_step") == [("s1", "02_plan"), ("s3", "02_plan")]


def test_exports_of_a_tracker(db: ReportDatabase, tmp_path: Path) -> None:
    """Its tables as CSV files are the tracker's, with their titles and times."""
    (folder := tmp_path / "exports").mkdir()
    (folder / "step_history.csv").write_text(
        "id,story_id,step_name,run_id,status,error_message,execution_time_ms,timestamp\n"
        "1,s1,01_ingest,r1,completed,NULL,5000,2026-03-01 10:00:05\n"
        '2,s1,02_preprocess,r1,failed,"boom\nagain",NULL,2026-03-01 10:00:09\n',
        "utf-8",
    )
    (folder / "stories.csv").write_text(
        "id,story_id,title,source,metadata,created_at,updated_at\n1,s1,A tale,folder,{},2026-03-01 09:00:00,\n", "utf-8"
    )
    db.ingest(folder)
    assert db.sql("select system from sources") == [("pipeline",)]
    assert db.sql("select title, created_at from stories") == [("A tale", "2026-03-01T09:00:00.000Z")]
    assert db.sql("select source_key, started_at, duration_ms, error_message from step_runs order by 1") == [
        ("s1/01_ingest/1", "2026-03-01T10:00:00.000Z", 5000, None),
        ("s1/02_preprocess/1", None, None, "boom\nagain"),
    ]


def test_errors_of_an_api_in_a_job(db: ReportDatabase, tmp_path: Path) -> None:
    """What an API answered is a sentence; an answer of a model that could not be read is not repeated."""
    with sqlite3.connect(path := tmp_path / "database.db") as connection:
        connection.execute(
            "create table story_jobs (id integer primary key, job_id text, session_id text, theme text, status text,"
            " story_id integer, error text, created_at text, completed_at text)"
        )
        for place, error in enumerate(
            (
                '{"error": {"type": "overloaded_error", "message": "Overloaded"}}',
                '{"title": "SECRET", "text": "SECRET"}',
            )
        ):
            connection.execute(
                "insert into story_jobs values (?, ?, 's', 't', 'failed', null, ?, '2026-03-01 10:00:00', null)",
                [place, f"j{place}", error],
            )
    connection.close()
    db.ingest(path)
    assert db.sql("select error_message from runs order by source_key") == [("overloaded_error: Overloaded",), ("{…}",)]
