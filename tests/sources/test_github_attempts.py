"""Runs of GitHub Actions that go on, are run again, or have several jobs of one name: outcome and times of the run."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

DAY = "2026-11-20T"
SPAN = "select status, queued_at, started_at, ended_at, duration_ms from runs"


def at(clock: str | None) -> str | None:
    """A time of that day as GitHub writes it."""
    return clock and f"{DAY}{clock}Z"


def job(number: int, name: str, conclusion: str | None, begun: str, over: str | None, **more: Any) -> dict[str, Any]:
    """A job of the first attempt, whose one step takes two seconds less than it."""
    state = {"status": "completed" if over else "in_progress", "conclusion": conclusion, "started_at": at(begun)}
    step_over = over and f"{over[:-2]}{int(over[-2:]) - 2:02}"
    step = {"number": 1, "name": "Run", **state, "completed_at": at(step_over)}
    known = {"id": number, "run_id": 7, "run_attempt": 1, "workflow_name": "CI", "name": name}
    return {**known, "created_at": at("10:00:01"), **state, "completed_at": at(over), "steps": [step], **more}


def run(conclusion: str | None, over: str, **more: Any) -> dict[str, Any]:
    """The record of the run, by default of its first attempt."""
    state = {"status": "completed" if conclusion else "in_progress", "conclusion": conclusion}
    times = {"created_at": at("10:00:00"), "run_started_at": at("10:00:00"), "updated_at": at(over)}
    return {"id": 7, "name": "CI", "event": "push", "run_attempt": 1, **state, **times, **more}


def written(folder: Path, kind: str, *items: dict[str, Any]) -> Path:
    """A page of runs or jobs, in a file of its own."""
    path = folder / f"{kind}{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps({"total_count": len(items), kind: items}), encoding="utf-8")
    return path


def expected(status: str, queued: str, begun: str, over: str, seconds: int) -> list[tuple[Any, ...]]:
    """What SPAN answers."""
    return [(status, *(f"{DAY}{clock}.000Z" for clock in (queued, begun, over)), seconds * 1000)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_jobs_of_one_name(db: ReportDatabase, tmp_path: Path, order: tuple[int, ...]) -> None:
    """A matrix may give its jobs one name: each of them counts, for the outcome and for the times."""
    jobs = [
        job(1, "Test", "success", "10:01:00", "10:02:30"),
        job(2, "Test", "failure", "10:00:40", "10:02:00"),
        job(3, "Test", "success", "10:01:20", "10:03:10"),
    ]
    db.ingest(written(tmp_path, "jobs", *(jobs[place] for place in order)), name="ci")
    assert db.sql(SPAN) == expected("failed", "10:00:01", "10:00:40", "10:03:10", 150)
    assert db.one("select count(*) from step_runs") == 3


QUEUED = job(1, "test", None, "10:00:20", None, status="queued", started_at=None, steps=[])
STARTED = job(1, "test", None, "10:00:20", None)
DONE = job(1, "test", "success", "10:00:20", "10:09:10")
FIRST = [job(1, "lint", "success", "10:00:10", "10:00:50"), job(2, "test", "failure", "10:00:20", "10:05:00")]
# The list of the second attempt has the job that was not run again, too, as a new job with its former times.
KEPT = job(3, "lint", "success", "10:00:10", "10:00:50", run_attempt=2, created_at=at("18:00:01"))
AGAIN = job(4, "test", "success", "18:00:30", "18:04:30", run_attempt=2, created_at=at("18:00:01"))


@pytest.mark.parametrize(
    "files",
    [
        [[*FIRST, KEPT, AGAIN]],
        [FIRST, [KEPT, AGAIN]],
        [FIRST, [AGAIN]],
        [[KEPT, AGAIN]],
    ],
    ids=["all", "in turn", "without what was kept", "latest"],
)
def test_times_of_a_run_that_was_run_again(
    db: ReportDatabase, tmp_path: Path, files: list[list[dict[str, Any]]]
) -> None:
    """They are those of the jobs that were run again: a run does not take the hours between its attempts."""
    for jobs in files:
        db.ingest(written(tmp_path, "jobs", *jobs), name="ci", append=True)
    assert db.sql(SPAN) == expected("completed", "18:00:01", "18:00:30", "18:04:30", 240)


def test_jobs_without_the_time_when_they_were_made(db: ReportDatabase, tmp_path: Path) -> None:
    """When the run was begun again tells which jobs were not."""
    jobs = [{**job, "created_at": None} for job in (KEPT, AGAIN)]
    begun = {"run_attempt": 2, "run_started_at": at("18:00:00")}
    (folder := tmp_path / "export").mkdir()
    written(folder, "jobs", *jobs)
    written(folder, "workflow_runs", run("success", "18:04:32", **begun))
    db.ingest(folder)
    assert db.sql(SPAN) == expected("completed", "18:00:00", "18:00:30", "18:04:30", 240)


def test_a_run_alone_that_was_run_again(db: ReportDatabase, tmp_path: Path) -> None:
    """Its record keeps the time when it was made: since then it has not waited."""
    begun = {"run_attempt": 2, "run_started_at": at("18:00:00")}
    db.ingest(written(tmp_path, "workflow_runs", run("success", "18:04:32", **begun)), name="ci")
    assert db.sql(SPAN) == expected("completed", "18:00:00", "18:00:00", "18:04:32", 272)


def test_a_record_that_is_read_after_the_jobs(db: ReportDatabase, tmp_path: Path) -> None:
    """The run keeps the times of its jobs, which are longer than their steps."""
    begun = {"run_attempt": 2, "run_started_at": at("18:00:00")}
    files = [("jobs", FIRST), ("jobs", [KEPT, AGAIN]), ("workflow_runs", [run("success", "18:04:33", **begun)])]
    for kind, items in files:
        db.ingest(written(tmp_path, kind, *items), name="ci", append=True)
    assert db.sql(SPAN) == expected("completed", "18:00:01", "18:00:30", "18:04:30", 240)


def test_a_job_between_its_last_step_and_its_end(db: ReportDatabase, tmp_path: Path) -> None:
    """A record that says no more than that the run goes on does not end it, although all of its steps have."""
    (step,) = DONE["steps"]
    paths = [
        written(tmp_path, "jobs", {**STARTED, "steps": [step]}),
        written(tmp_path, "workflow_runs", run(None, "10:09:09")),
    ]
    for path in paths:
        db.ingest(path, name="ci", append=True)
        assert db.sql("select status, ended_at from runs") == [("running", None)]
    assert db.sql("select status from step_runs") == [("completed",)]


@pytest.mark.parametrize("is_one_command", [True, False])
def test_a_run_that_is_over_since_its_jobs_were_read(db: ReportDatabase, tmp_path: Path, is_one_command: bool) -> None:
    """It has the end that its own record has."""
    paths = [
        written(tmp_path, "jobs", job(1, "test", None, "10:00:20", None)),
        written(tmp_path, "workflow_runs", run("success", "10:09:20")),
    ]
    for places in [paths] if is_one_command else [[path] for path in paths]:
        db.ingest(*places, name="ci", append=True)
    assert db.sql(SPAN) == expected("completed", "10:00:01", "10:00:20", "10:09:20", 540)


@pytest.mark.parametrize("first", [QUEUED, STARTED], ids=["queued", "started"])
@pytest.mark.parametrize("is_one_folder", [True, False])
def test_jobs_of_a_run_that_is_over(
    db: ReportDatabase, tmp_path: Path, first: dict[str, Any], is_one_folder: bool
) -> None:
    """How a job ended that was read while it ran is unknown once the run is over: nothing of it is stuck."""
    paths = [written(tmp_path, "jobs", first), written(tmp_path, "workflow_runs", run("success", "10:09:20"))]
    for path in [tmp_path] if is_one_folder else paths:
        db.ingest(path, name="ci", append=not is_one_folder)
    assert db.sql("select status, source_status, ended_at from step_runs") == [(None, None, None)]
    assert db.report("stuck_runs", minutes="1", queued_minutes="1") == db.report("active_runs") == []
    assert [row["problem"] for row in db.report("data_quality")] == ["step without a status"]
    # Read again, it is known, under the steps that it has now.
    db.ingest(tmp_path if is_one_folder else written(tmp_path, "jobs", DONE), name="ci", append=not is_one_folder)
    if is_one_folder:
        written(tmp_path, "jobs", DONE)
        db.ingest(tmp_path, name="ci")
    assert db.sql("select source_key, status from step_runs where gone_at is null") == [("1/1", "completed")]
    assert db.report("data_quality") == []


def test_a_run_that_goes_on_again(db: ReportDatabase, tmp_path: Path) -> None:
    """An attempt that is over says nothing of the jobs of the next one."""
    again = job(4, "test", None, "18:00:30", None, run_attempt=2, created_at=at("18:00:01"))
    record = run("failure", "10:05:03")
    for path in (written(tmp_path, "jobs", *FIRST, again), written(tmp_path, "workflow_runs", record)):
        db.ingest(path, name="ci", append=True)
    assert db.sql("select status from runs") == [("running",)]
    assert db.sql("select status from step_runs where attempt = 2") == [("running",)]
