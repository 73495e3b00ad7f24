"""The plain form: attempts that are counted from 0, and runs of which a step waits."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs

HEADER = "id,run,step,attempt,status,started_at,ended_at\n"


@pytest.mark.parametrize("first", [0, 1])
def test_attempts_from_zero(db: ReportDatabase, tmp_path: Path, first: int) -> None:
    """Of two pieces of work one failed at first and was recovered: one of two first attempts, whatever its number.

    Work that was skipped or cancelled before it was done did not fail, and has not recovered.
    """
    at = "2026-11-01T10:0"
    rows = (
        f"1,r1,load,{first},failed,{at}0:00Z,{at}1:00Z",
        f"2,r1,load,{first + 1},success,{at}2:00Z,{at}3:00Z",
        f"3,r2,load,{first},success,{at}0:00Z,{at}1:00Z",
        f"4,r3,load,{first},skipped,,",
        f"5,r3,load,{first + 1},success,{at}2:00Z,{at}3:00Z",
        f"6,r4,load,{first},cancelled,{at}0:00Z,{at}1:00Z",
        f"7,r4,load,{first + 1},success,{at}2:00Z,{at}3:00Z",
    )
    (path := tmp_path / "steps.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    db.ingest(path)
    (row,) = db.report("flaky_steps")
    assert [row[name] for name in ("runs", "retried", "recovered", "first_attempt_pct")] == [2, 1, 1, 50.0]


@pytest.mark.parametrize("days", ["20,21", "21,20"])
def test_a_run_that_two_exports_tell_of(db: ReportDatabase, tmp_path: Path, days: str) -> None:
    """Its attempts are counted over both, whichever is read first: the one of the next day was the second, and the run
    is what that made of it. Numbers that a file gives stay.
    """
    header = "run,step,status,started_at,ended_at"
    for day, status in (("20", "failed"), ("21", "completed")):
        at = f"2026-11-{day}T10:00"
        rows = f"r1,load,{status},{at}:00Z,{at}:05Z\nr2,load,completed,{at}:10Z,{at}:15Z\n"
        (tmp_path / f"{day}.csv").write_text(f"{header}\n{rows}", "utf-8")
    for day in days.split(","):
        db.ingest(tmp_path / f"{day}.csv", name="steps", append=True)
    attempts = "select substr(source_key, 1, 2), started_at < '2026-11-21', attempt from step_runs order by 1, 3"
    assert db.sql(attempts) == [("r1", 1, 1), ("r1", 0, 2), ("r2", 1, 1), ("r2", 0, 2)]
    assert db.sql("select source_key, status from runs order by 1") == [("r1", "completed"), ("r2", "completed")]
    assert pairs(db.report("flaky_steps"), "runs", "retried", "recovered", "first_attempt_pct") == [(2, 1, 1, 50.0)]
    (tmp_path / "22.csv").write_text(
        f"{header},attempt\nr1,load,completed,2026-11-22T10:00:00Z,2026-11-22T10:00:05Z,1\n", "utf-8"
    )
    db.ingest(tmp_path / "22.csv", name="steps", append=True)
    assert db.one("select attempt from step_runs where started_at > '2026-11-22'") == 1


@pytest.mark.parametrize("files", [["abc"], ["a", "ab", "abc"], ["a.csv", "b.csv", "c.csv"]])
def test_a_log_without_ids_that_begins_with_the_queue(db: ReportDatabase, tmp_path: Path, files: list[str]) -> None:
    """One attempt has a row when it is queued, begun and done; it is one, in one file that grows or in three.

    The second attempt of the other step waits: it was queued after the first had begun.
    """
    queued, begun, done = "2026-11-01T10:00:00Z", "2026-11-01T10:05:00Z", "2026-11-01T10:06:00Z"
    header = "run,step,status,queued_at,started_at,ended_at\n"
    lines = {
        "a": f"r1,load,queued,{queued},,\nr1,send,queued,{queued},,\n",
        "b": f"r1,load,running,,{begun},\nr1,send,failed,{queued},{begun},{done}\n",
        "c": f"r1,load,done,,{begun},{done}\nr1,send,queued,{done},,\n",
    }
    for name in files:
        path = tmp_path / (name if name.endswith("csv") else "log.csv")
        path.write_text(header + "".join(lines[part] for part in name.removesuffix(".csv")), "utf-8")
        db.ingest(path, name="log", append=name.endswith("csv"))
    rows = "select steps.name, attempt, status from step_runs join steps on steps.id = step_id where gone_at is null"
    assert sorted(db.sql(rows)) == [("load", 1, "completed"), ("send", 1, "failed"), ("send", 2, "queued")]
    assert db.sql("select status from runs") == [("queued",)]


@pytest.mark.parametrize(
    ("run", "numbers", "lengths", "attempts"),
    [
        ("r1", "", [1, 4, 6], (1, 2)),
        ("r1", "01", [6], (1, 2)),
        ("r1", "12", [6], (1, 2)),
        ("", "", [6], (None, None)),
        ("", "12", [1, 4, 6], (1, 2)),
    ],
)
def test_a_log_of_two_attempts(
    db: ReportDatabase,
    tmp_path: Path,
    run: str,
    numbers: str,
    lengths: list[int],
    attempts: tuple[int | None, int | None],
) -> None:
    """Each of them was queued, begun and done: they are two, whether they are numbered, and no run began again."""
    lines = ["run,step,status,queued_at,started_at,ended_at,attempt"]
    for place, word in enumerate(("failed", "done")):
        at, number = f"2026-11-01T1{place}", numbers[place : place + 1]
        lines += [
            f"{run},load,queued,{at}:00:00Z,,,{number}",
            f"{run},load,running,,{at}:05:00Z,,{number}",
            f"{run},load,{word},{at}:00:00Z,{at}:05:00Z,{at}:06:00Z,{number}",
        ]
    for length in lengths:
        (tmp_path / "log.csv").write_text("\n".join(lines[: length + 1]) + "\n", "utf-8")
        db.ingest(tmp_path / "log.csv")
    found = db.sql("select status, attempt, gone_at from step_runs order by started_at")
    assert found == [("failed", attempts[0], None), ("completed", attempts[1], None)]
    assert db.sql("select source_key, status, gone_at from runs") == [("r1", "completed", None)] * (run == "r1")


@pytest.mark.parametrize(
    ("rows", "attempts"),
    [
        # A log: queued, running, failed.
        (["queued,", "running,2026-11-01T10:00:00Z", "failed,2026-11-01T10:00:00Z"], ["failed"]),
        (["queued,", "success,2026-11-01T10:00:00Z"], ["completed"]),
        # One row an attempt: the second try waits.
        (["queued,", "failed,2026-11-01T10:00:00Z"], ["failed", "queued"]),
    ],
)
def test_what_waits_without_a_time(db: ReportDatabase, tmp_path: Path, rows: list[str], attempts: list[str]) -> None:
    """It is the attempt that has begun, or the next one after one that failed."""
    (path := tmp_path / "steps.csv").write_text(
        "\n".join(["run,step,status,started_at", *(f"r1,load,{row}" for row in rows)]) + "\n", "utf-8"
    )
    db.ingest(path)
    assert sorted(status for (status,) in db.sql("select status from step_runs")) == attempts


def test_the_step_of_another_story_waits(db: ReportDatabase, tmp_path: Path) -> None:
    """In a run of two stories, one story's step has begun: that of the other is no attempt of it, and waits."""
    (path := tmp_path / "steps.csv").write_text(
        "run,story,step,status,started_at\nr1,A,load,queued,\nr1,B,load,success,2026-11-01T10:00:00Z\n", "utf-8"
    )
    db.ingest(path)
    rows = "select stories.source_key, step_runs.status from step_runs join stories on stories.id = story_id order by 1"
    assert db.sql(rows) == [("A", "queued"), ("B", "completed")]


def test_what_waits_without_a_time_and_a_run(db: ReportDatabase, tmp_path: Path) -> None:
    """The work for its story was done before; nothing says that this is what waited."""
    rows = "A,load,done,2026-11-01T10:00:00Z\nA,load,queued,\n,load,queued,\n,load,done,2026-11-01T10:00:00Z\n"
    (path := tmp_path / "steps.csv").write_text(f"story,step,status,started_at\n{rows}", "utf-8")
    db.ingest(path)
    assert db.one("select count(*) from step_runs where status = 'queued'") == 2


def test_an_older_export_that_is_added_later(db: ReportDatabase, tmp_path: Path) -> None:
    """It says that an attempt goes on, which has ended since: it stays so."""
    header, begun = "run,step,status,started_at,ended_at\n", "2026-11-27T23:55:00Z"
    for name, row in (("28", f"r1,load,failed,{begun},2026-11-28T00:05:00Z"), ("27", f"r1,load,running,{begun},")):
        (tmp_path / f"{name}.csv").write_text(f"{header}{row}\n", "utf-8")
        db.ingest(tmp_path / f"{name}.csv", name="steps", append=True)
    assert db.sql("select status, duration_ms from step_runs") == [("failed", 600_000)]


@pytest.mark.parametrize("run", ["r1", ""])
@pytest.mark.parametrize("column", ["attempt", "story", "pipeline", "id"])
def test_a_column_that_comes_later(db: ReportDatabase, tmp_path: Path, column: str, run: str) -> None:
    """A table without ids whose rows have a number, story, pipeline or id from now on has no more of them.

    Only the row that it no longer has is a deleted one.
    """
    times = [f"2026-11-0{day}T10:00:00Z" for day in (1, 2, 3)]
    (path := tmp_path / "steps.csv").write_text(
        "run,step,status,started_at\n" + "".join(f"{run},load,done,{time}\n" for time in times), "utf-8"
    )
    db.ingest(path)
    path.write_text(
        f"run,step,status,started_at,{column}\n"
        + "".join(
            f"{run},load,done,{time},{place if column != 'pipeline' else 'P'}\n" for place, time in enumerate(times[:2])
        ),
        "utf-8",
    )
    db.ingest(path)
    found = db.sql("select substr(started_at, 1, 10), gone_at is not null from step_runs order by 1")
    assert found == [("2026-11-01", 0), ("2026-11-02", 0), ("2026-11-03", 1)]


@pytest.mark.parametrize("order", ["abc", "cba", "bca"])
def test_a_story_of_several_files(db: ReportDatabase, tmp_path: Path, order: str) -> None:
    """It begins with the first row that names it, whichever file is read first, and whatever row has no time."""
    times = {"a": "", "b": "2026-11-20T10:00:00Z", "c": "2026-11-21T10:00:00Z"}
    for name in order:
        (tmp_path / f"{name}.csv").write_text(f"run,story,step,started_at\n{name},A,load,{times[name]}\n", "utf-8")
        db.ingest(tmp_path / f"{name}.csv", name="steps", append=True)
    assert db.sql("select created_at from stories") == [("2026-11-20T10:00:00.000Z",)]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("success", "deferred"), "waiting"),
        (("up_for_retry", "queued"), "waiting"),
        (("success", "queued"), "queued"),
        (("running", "paused"), "running"),
        (("failed", "retry scheduled"), "waiting"),
    ],
)
def test_a_run_of_which_a_step_waits(db: ReportDatabase, tmp_path: Path, words: tuple[str, ...], status: str) -> None:
    """It waits, unless it goes on elsewhere; it has begun, so that it is not queued."""
    rows = (f"{place},r1,step-{place},,{word},2026-11-01T10:00:00Z," for place, word in enumerate(words))
    (path := tmp_path / "steps.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    db.ingest(path)
    assert pairs(db.report("run_status", run="r1"), "status") == [(status,)]
    assert pairs(db.report("active_runs"), "run", "status") == [("r1", status)]
