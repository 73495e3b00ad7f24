"""Runs of GitHub Actions as `gh api` and `gh run` print them, alone and with their jobs, in pages and one by one."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

RUN: dict[str, Any] = {
    "id": 7,
    "name": "CI",
    "run_number": 3,
    "run_attempt": 1,
    "event": "push",
    "workflow_id": 5,
    "status": "completed",
    "conclusion": "failure",
    "actor": {"login": "alice-the-author"},
    "created_at": "2026-11-20T10:00:00Z",
    "run_started_at": "2026-11-20T10:00:02Z",
    "updated_at": "2026-11-20T10:05:10Z",
}
STEP = {
    "number": 1,
    "name": "Test",
    "status": "completed",
    "conclusion": "failure",
    "started_at": "2026-11-20T10:00:06Z",
    "completed_at": "2026-11-20T10:04:00Z",
}
JOB: dict[str, Any] = {
    "id": 11,
    "run_id": 7,
    "run_attempt": 1,
    "workflow_name": "CI",
    "name": "build",
    "steps": [STEP],
    "status": "completed",
    "conclusion": "failure",
    "created_at": "2026-11-20T10:00:01Z",
    "started_at": "2026-11-20T10:00:05Z",
    "completed_at": "2026-11-20T10:05:00Z",
}
CLI_RUN = {
    "databaseId": 7,
    "workflowName": "CI",
    "attempt": 1,
    "status": "completed",
    "conclusion": "failure",
    "createdAt": "2026-11-20T10:00:00Z",
    "startedAt": "2026-11-20T10:00:02Z",
    "updatedAt": "2026-11-20T10:05:10Z",
}
CLI_STEP = {
    "number": 1,
    "name": "Test",
    "status": "completed",
    "conclusion": "failure",
    "startedAt": "2026-11-20T10:00:06Z",
    "completedAt": "2026-11-20T10:04:00Z",
}
CLI_JOB = {
    "databaseId": 11,
    "name": "build",
    "status": "completed",
    "conclusion": "failure",
    "steps": [CLI_STEP],
    "startedAt": "2026-11-20T10:00:05Z",
    "completedAt": "2026-11-20T10:05:00Z",
}
OTHER = {**RUN, "id": 8}
OTHER_JOB = {**JOB, "id": 12, "name": "lint"}
# From 10:00:02 to 10:05:10, and of the job from 10:00:05 to 10:05:00; the step from 10:00:06 to 10:04:00.
OF_RUN, OF_JOB, OF_STEP = 308_000, 295_000, 234_000


def loaded(db: ReportDatabase, folder: Path, **files: str) -> ReportDatabase:
    """The files of a folder, as one source."""
    (source := folder / "export").mkdir(exist_ok=True)
    for name, content in files.items():
        (source / f"{name}.json").write_text(content, "utf-8")
    db.ingest(source)
    return db


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"total_count": 1, "workflow_runs": [RUN]}),
        json.dumps([RUN], indent=2),
        json.dumps([CLI_RUN]),
        json.dumps({"action": "completed", "workflow_run": RUN}),
    ],
)
def test_runs_alone(db: ReportDatabase, tmp_path: Path, content: str) -> None:
    loaded(db, tmp_path, runs=content)
    found = db.sql(
        "select source_key, name, status, queued_at, started_at, duration_ms"
        " from runs join pipelines on pipelines.id = pipeline_id"
    )
    assert found == [("7", "CI", "failed", "2026-11-20T10:00:00.000Z", "2026-11-20T10:00:02.000Z", OF_RUN)]
    assert b"alice" not in db.path.read_bytes()


ADDRESS = "https://github.com/o/r/actions/runs/7"
# What `gh run list --json` can leave out, and the address that has the run's id.
LEFT_OUT = [*({name} for name in CLI_RUN if name not in ("databaseId", "conclusion")), {"createdAt", "updatedAt"}]
LEFT_OUT.append({"databaseId", "createdAt"})


@pytest.mark.parametrize("missing", LEFT_OUT, ids=lambda names: " and ".join(sorted(names)))
def test_fields_that_the_user_chose(db: ReportDatabase, tmp_path: Path, missing: set[str]) -> None:
    """`gh run list --json` prints the fields that it is asked for: without one of them the run is known."""
    run = {**CLI_RUN, "url": ADDRESS}
    loaded(db, tmp_path, runs=json.dumps([{name: value for name, value in run.items() if name not in missing}]))
    assert db.sql("select source_key, status from runs") == [("7", "failed")]


TABLES = [
    "run_id,run_attempt,workflow,started_at,completed_at,conclusion\n"
    "7,1,CI,2026-11-20T10:00:02Z,2026-11-20T10:01:00Z,cancelled\n"
    "7,2,CI,2026-11-20T10:00:02Z,2026-11-20T10:05:10Z,failure\n",
    json.dumps([{"run_id": 7, "name": "CI", "status": "completed", "conclusion": "failure",
                 "created_at": "2026-11-20T10:00:02Z", "updated_at": "2026-11-20T10:05:10Z"}]),
]  # fmt: skip


@pytest.mark.parametrize("content", TABLES)
def test_runs_as_rows_of_a_table(db: ReportDatabase, tmp_path: Path, content: str) -> None:
    """A table that somebody made of runs calls their id `run_id`: they are runs, not jobs without an id."""
    (path := tmp_path / ("runs.csv" if content.startswith("run_id") else "runs.json")).write_text(content, "utf-8")
    assert db.ingest(path).counts.rejected == 0
    found = db.sql(
        "select source_key, name, status, duration_ms from runs join pipelines on pipelines.id = pipeline_id"
    )
    assert found == [("7", "CI", "failed", OF_RUN)]


@pytest.mark.parametrize(
    "files",
    [
        {"runs": json.dumps({"workflow_runs": [RUN]}), "jobs": json.dumps({"jobs": [JOB]})},
        {"view": json.dumps({**CLI_RUN, "jobs": [CLI_JOB]})},
        {"jobs": json.dumps([JOB])},
        {"event": json.dumps({"action": "completed", "workflow_job": JOB})},
        {"view": json.dumps({"jobs": [{**CLI_JOB, "url": f"{ADDRESS}/job/11"}]})},
        {"view": json.dumps([{**CLI_JOB, "url": f"{ADDRESS}/job/11"}])},
    ],
)
def test_runs_with_jobs(db: ReportDatabase, tmp_path: Path, files: dict[str, str]) -> None:
    """The times are those of the jobs; a step is known once."""
    loaded(db, tmp_path, **files)
    assert db.sql("select source_key, status, duration_ms from runs") == [("7", "failed", OF_JOB)]
    assert db.sql("select name, status, duration_ms from step_runs join steps on steps.id = step_id") == [
        ("build / Test", "failed", OF_STEP)
    ]


def test_a_job_that_goes_on_has_no_end(db: ReportDatabase, tmp_path: Path) -> None:
    """`gh run view` is written in Go, whose time of none is the first day of all: it is no end, and no bad time."""
    none = "0001-01-01T00:00:00Z"
    waiting = {**CLI_STEP, "number": 2, "name": "Post", "status": "pending", "startedAt": none}
    steps = [
        {**step, "conclusion": "", "completedAt": none} for step in ({**CLI_STEP, "status": "in_progress"}, waiting)
    ]
    job = {**CLI_JOB, "status": "in_progress", "conclusion": "", "completedAt": none, "steps": steps}
    loaded(db, tmp_path, view=json.dumps({"jobs": [{**job, "url": f"{ADDRESS}/job/11"}]}))
    assert db.sql("select status, started_at, ended_at from step_runs order by source_key") == [
        ("running", "2026-11-20T10:00:06.000Z", None),
        ("queued", None, None),
    ]
    assert db.sql("select status, ended_at from runs") == [("running", None)]
    assert db.report("data_quality") == db.report("rejected_rows") == []


@pytest.mark.parametrize(("indent", "between"), [(None, ""), (None, "\n"), (2, "\n")])
def test_pages_that_follow_each_other(db: ReportDatabase, tmp_path: Path, indent: int | None, between: str) -> None:
    """`gh api --paginate` and jq write one document after the other, with a line end between them or none."""
    pages: tuple[dict[str, Any], ...] = (
        {"workflow_runs": [RUN, OTHER]},
        {"workflow_runs": []},
        {"jobs": [JOB]},
        {"jobs": [OTHER_JOB]},
    )
    loaded(db, tmp_path, pages=between.join(json.dumps(page, indent=indent) for page in pages))
    assert db.sql("select source_key from runs order by 1") == [("7",), ("8",)]
    assert db.sql("select source_key from step_runs order by 1") == [("11/1",), ("12/1",)]
    assert db.sql("select count(*) from rejects") == [(0,)]


def test_whose_word_counts(db: ReportDatabase, tmp_path: Path) -> None:
    """A job may fail in a run that succeeded; a run that was still open, or had one attempt less, knows less."""
    runs = [
        {**RUN, "conclusion": "success"},
        {**RUN, "id": 8, "status": "in_progress", "conclusion": None},
        {**RUN, "id": 9, "conclusion": "success"},
    ]
    jobs = [JOB, {**JOB, "id": 12, "run_id": 8}, {**JOB, "id": 13, "run_id": 9, "run_attempt": 2}]
    loaded(db, tmp_path, runs=json.dumps({"workflow_runs": runs}), jobs=json.dumps({"jobs": jobs}))
    assert db.sql("select source_key, status from runs order by 1") == [
        ("7", "completed"),
        ("8", "failed"),
        ("9", "failed"),
    ]


@pytest.mark.parametrize("files", [[(1, 2)], [(1,), (2,)], [(2,), (1,)]], ids=str)
def test_a_job_that_was_not_run_again(db: ReportDatabase, tmp_path: Path, files: list[tuple[int, ...]]) -> None:
    """Where failed jobs alone are run again, the later attempt lists the others too: they ran once."""
    passed = {"name": "lint", "conclusion": "success", "steps": []}
    again = {"run_attempt": 2, "started_at": "2026-11-20T11:00:05Z", "completed_at": "2026-11-20T11:05:00Z"}
    jobs = [
        {**JOB, "steps": []},
        {**JOB, **passed, "id": 12},
        {**JOB, **again, "id": 13, "conclusion": "success", "steps": []},
        {**JOB, **passed, "id": 14, "run_attempt": 2},
    ]
    for attempts in files:
        given = [job for job in jobs if job["run_attempt"] in attempts]
        (path := tmp_path / f"jobs{attempts[0]}.json").write_text(json.dumps({"jobs": given}), "utf-8")
        db.ingest(path, name="ci")
    assert db.sql("select source_key, attempt, status from step_runs order by 1") == [
        ("11", 1, "failed"),
        ("12", 1, "completed"),
        ("13", 2, "completed"),
    ]


def test_instances_of_a_matrix(db: ReportDatabase, tmp_path: Path) -> None:
    """They are one family, also of the jobs of a workflow that a matrix calls, and where GitHub cuts a name off."""
    families = {
        "test (3.12, f(x))": "test",
        "deploy (prod) / build (3.12)": "deploy / build",
        "deploy (staging) / publish": "deploy / publish",
        "test (ubuntu-latest, 3.12, a long lis...": "test",
        "(all) checks": "(all) checks",
        "check (fast) and (slow) ones": "check (fast) and (slow) ones",
    }
    jobs = [{**JOB, "id": number, "name": name, "steps": []} for number, name in enumerate(families)]
    loaded(db, tmp_path, jobs=json.dumps({"jobs": jobs}))
    assert dict(db.sql("select name, family from steps")) == families


def test_a_queued_job_becomes_its_steps(db: ReportDatabase, tmp_path: Path) -> None:
    """Without steps a job stands for itself; once it has some, nothing of it is queued any more."""
    queued = {**JOB, "status": "queued", "conclusion": None, "started_at": None, "completed_at": None, "steps": []}
    loaded(db, tmp_path, jobs=json.dumps({"jobs": [queued]}))
    assert db.sql("select source_key, status from step_runs") == [("11", "queued")]
    loaded(db, tmp_path, jobs=json.dumps({"jobs": [JOB]}))
    assert db.sql("select source_key, status from step_runs") == [("11/1", "failed")]


@pytest.mark.parametrize("order", [("runs", "jobs1", "jobs2"), ("jobs1", "jobs2", "runs"), ("jobs2", "jobs1")])
@pytest.mark.parametrize("is_one_command", [True, False])
def test_jobs_of_a_run_in_several_files(
    db: ReportDatabase, tmp_path: Path, order: tuple[str, ...], is_one_command: bool
) -> None:
    """A page each, with or without the run itself: it failed, since one job did, and has the times of them all."""

    def job(number: int, conclusion: str) -> dict[str, Any]:
        times = {"started_at": f"2026-03-01T10:0{number}:00Z", "completed_at": f"2026-03-01T10:0{number}:30Z"}
        # None of its steps fails when a job times out.
        step = {"name": "s", "number": 1, "status": "completed", "conclusion": "success", **times}
        done = {"status": "completed", "conclusion": conclusion, "created_at": "2026-03-01T10:00:00Z", **times}
        return {"id": number, "run_id": 9, "run_attempt": 1, "name": f"job {number}", "steps": [step], **done}

    run = {"id": 9, "name": "CI", "run_attempt": 1, "status": "completed", "conclusion": "failure"}
    run |= {"created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:09:00Z"}
    files: dict[str, dict[str, Any]] = {
        "runs": {"total_count": 1, "workflow_runs": [run]},
        # What came meanwhile moves a job to the next page, too.
        "jobs1": {"total_count": 3, "jobs": [job(3, "timed_out"), job(2, "success")]},
        "jobs2": {"total_count": 3, "jobs": [job(2, "success"), job(1, "success")]},
    }
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
    paths = [tmp_path / f"{name}.json" for name in order]
    for places in [paths] if is_one_command else [[path] for path in paths]:
        db.ingest(*places, name="ci")
    found = "select status, started_at, ended_at, duration_ms from runs"
    expected = ("failed", "2026-03-01T10:01:00.000Z", "2026-03-01T10:03:30.000Z", 150_000)
    assert db.sql(found) == [expected]
    db.ingest(*places, name="ci", full=True)
    assert db.sql(found) == [expected]
