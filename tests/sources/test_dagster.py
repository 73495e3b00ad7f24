"""Dagster: runs, and the events of runs, in files of their own or beside the runs."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, ask, change
from helpers.run_pairs import check_pair, check_rows, rows, source_of

RUN = "4a63beb1-7a5c-49c7-96a5-a911f79e2c22"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Dagster's home as its default storage lays it out; index.db repeats events of runs."""
    runs = tmp_path / "home" / "history" / "runs"
    runs.mkdir(parents=True)
    shutil.copy(source_of("dagster--runs"), runs.parent / "runs.db")
    shutil.copy(source_of("dagster--events"), runs / f"{RUN}.db")
    shutil.copy(source_of("dagster--events"), runs / "index.db")
    return runs.parent.parent


@pytest.mark.parametrize("pair", ["dagster--runs", "dagster--events"])
def test_pairs(db: ReportDatabase, pair: str) -> None:
    """The database of runs, and the file of one run."""
    check_pair(db, pair)


def test_history(db: ReportDatabase, home: Path) -> None:
    """In the folder of both, a run is as its own row says, and its steps are those of its events, each event once."""
    db.ingest(home / "history")
    run = "select source_status, queued_at from runs where source_key = ?"
    assert db.sql(run, RUN) == [("FAILURE", "2026-03-01T11:00:00.000Z")]
    assert db.one("select count(*) from runs") == ask(home / "history" / "runs.db", "select count(*) from runs")[0][0]
    assert db.one("select count(*) from step_runs") == 9
    assert db.report("orphans") == []
    (home / "history" / "runs" / f"{RUN}.db").touch()
    assert db.ingest(home / "history").counts.written == 0


@pytest.mark.parametrize("below", [".", "history/runs", f"history/runs/{RUN}.db"])
def test_events_alone(db: ReportDatabase, home: Path, below: str) -> None:
    """Dagster's home, the folder of events and one file of it: runs are what their events say."""
    db.ingest(home / below)
    check_rows(db, "dagster--events")


def test_a_run_that_is_written_to(db: ReportDatabase, home: Path) -> None:
    """What is in the log of a live file is read, nothing is left beside it, and the next ingest sees more of it."""
    path = home / "history" / "runs" / f"{RUN}.db"
    writer = sqlite3.connect(path)
    writer.execute("pragma journal_mode = wal")
    event = (
        "insert into event_logs (run_id, event, dagster_event_type, timestamp, step_key) values (?, '{}', ?, ?, 'x')"
    )
    for place, step in enumerate(("STEP_START", "STEP_SUCCESS")):
        writer.execute(event, [RUN, step, f"2026-03-01 11:00:2{place}.000000"])
        writer.commit()
        before = sorted(file.name for file in path.parent.iterdir())
        db.ingest(path, name="live")
        assert sorted(file.name for file in path.parent.iterdir()) == before
        status = ["failed", "completed"][place]
        assert db.one("select status from step_runs where source_key = ?", f"{RUN}/x/1") == status
    writer.close()


def test_an_abandoned_run(db: ReportDatabase, home: Path, tmp_path: Path) -> None:
    """A file whose writer was killed is read with its log; the folder stays as it was."""
    path = home / "history" / "runs" / f"{RUN}.db"
    writer = sqlite3.connect(path)
    writer.execute("pragma journal_mode = wal")
    writer.execute("delete from event_logs where dagster_event_type = 'PIPELINE_FAILURE'")
    writer.commit()
    killed = tmp_path / "killed"
    killed.mkdir()
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", killed / f"{RUN}.db{ending}")
    writer.close()
    db.ingest(killed)
    assert db.one("select status from runs") == "running"
    assert db.one("select status from step_runs where source_key = ?", f"{RUN}/film/1") == "running"
    assert len(list(killed.iterdir())) == 2


def test_a_damaged_run(db: ReportDatabase, home: Path) -> None:
    """A file that cannot be read is rejected by its name, and the others are loaded."""
    broken = home / "history" / "runs" / f"{RUN[:-1]}9.db"
    broken.write_bytes(b"SQLite format 3\0" + b"x" * 500)
    assert db.ingest(home / "history").counts.rejected == 1
    assert broken.name in db.one("select reason from rejects")
    assert db.one("select count(*) from step_runs") == 9


def test_a_deleted_run(db: ReportDatabase, home: Path) -> None:
    """A run that was deleted in Dagster is marked as deleted, and so are its steps."""
    db.ingest(home / "history")
    change(home / "history" / "runs.db", f"delete from runs where run_id = '{RUN}'")
    (home / "history" / "runs" / f"{RUN}.db").unlink()
    other = home / "history" / "runs" / f"{RUN[:-1]}1.db"
    shutil.copy(source_of("dagster--events"), other)
    change(other, f"update event_logs set run_id = '{RUN[:-1]}1'")
    db.ingest(home / "history")
    assert db.sql("select source_key from runs where gone_at is not null") == [(RUN,)]
    deleted = db.sql("select source_key from step_runs where gone_at is not null")
    assert len(deleted) == 9
    assert all(key.startswith(RUN) for (key,) in deleted)


def test_a_cancelled_run(db: ReportDatabase, home: Path) -> None:
    """A step that a cancelled run left open is cancelled; of a run that goes on it is running."""
    path = home / "history" / "runs" / f"{RUN}.db"
    change(path, "update event_logs set dagster_event_type = 'PIPELINE_CANCELED' where id = 19")
    db.ingest(path)
    found = {row["step"]: row["status"] for row in rows(db, "step_runs")}
    assert (found["film"], found["publish"]) == ("cancelled", "failed")
    assert db.one("select status from runs") == "cancelled"


def test_a_run_that_was_executed_again(db: ReportDatabase, home: Path) -> None:
    """A re-execution names its first run by a tag, which it recovers once it completed, after that one failed."""
    path = home / "history" / "runs.db"
    change(path, f"insert into run_tags values (2, '{RUN[:-1]}1', 'dagster/root_run_id', '{RUN}')")
    db.ingest(path)
    # The other run ended at 10:01, before this one failed at 11:00.
    failed = "select run, recovered_at from failed_work"
    assert db.sql(failed) == [(RUN, None)]
    change(path, "update runs set end_time = 1772366400, update_timestamp = '2026-03-02' where id = 1")
    db.ingest(path)
    assert db.sql(failed) == [(RUN, "2026-03-01T12:00:00.000Z")]


LOGS = [
    ("RunStartingEvent", "RUN_STARTING", 0, None),
    ("RunStartEvent", "RUN_START", 1, None),
    ("ExecutionStepStartEvent", "STEP_START", 2, "load"),
    ("ExecutionStepUpForRetryEvent", "STEP_UP_FOR_RETRY", 3, "load"),
    ("ExecutionStepRestartEvent", "STEP_RESTARTED", 4, "load"),
    ("HandledOutputEvent", "HANDLED_OUTPUT", 5, "load"),
    ("ExecutionStepFailureEvent", "STEP_FAILURE", 6, "load"),
    ("RunFailureEvent", "RUN_FAILURE", 7, None),
]


@pytest.mark.parametrize(
    ("pages", "with_types"),
    [("one", False), *((pages, True) for pages in ("two files", "two commands", "lines", "beside the run"))],
)
def test_events_as_the_api_answers_them(db: ReportDatabase, tmp_path: Path, pages: str, with_types: bool) -> None:
    """The events of `logsForRun` say what those of the storage do, in pages or not; another answer names the job."""
    events = [
        {"__typename": name, "runId": "r", "timestamp": str(1772359200000 + 1000 * second), "stepKey": step}
        | ({"eventType": word} if with_types else {})
        | ({"error": {"message": "KeyError: 'title'"}} if word == "STEP_FAILURE" else {})
        for name, word, second, step in LOGS
    ]
    halves = [events] if pages in ("one", "beside the run") else [events[:3], events[3:]]
    answers = [json.dumps({"data": {"logsForRun": {"events": half}}}) for half in halves]
    if pages == "beside the run":
        run = {"runId": "r", "jobName": "nightly", "status": "FAILURE", "startTime": 1772359201, "endTime": 1772359207}
        answers.append(json.dumps({"data": {"runOrError": run}}))
    files = [tmp_path / f"answer{number}.json" for number in range(len(answers))]
    for file, answer in zip(files, ["\n".join(answers)] if pages == "lines" else answers, strict=False):
        file.write_text(answer, "utf-8")
    for given in [[file] for file in files] if pages == "two commands" else [[f for f in files if f.exists()]]:
        db.ingest(*given, name="s")
    assert db.sql("select status, duration_ms from runs") == [("failed", 6_000)]
    assert db.sql("select attempt, status, duration_ms, error_message from step_runs order by 1") == [
        (1, "failed", 1_000, None),
        (2, "failed", 2_000, "KeyError: 'title'"),
    ]
    names = [("nightly",)] if pages == "beside the run" else []
    assert db.sql("select name from pipelines") == names
