"""The sentence that sums a run up, what is usual for it, and the runs before and after it."""

import random
import re
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport import schema
from storyreport.values.quantities import duration

HEAD = "run,pipeline,step,status,started_at,ended_at,duration_ms,error"
AS_OF = "2026-03-31T12:00:00Z"


def ingested(folder: Path, attempts: Iterable[str]) -> ReportDatabase:
    (folder / "attempts.csv").write_text("\n".join([HEAD, *attempts]) + "\n", encoding="utf-8")
    db = ReportDatabase(folder)
    db.ingest(folder / "attempts.csv")
    return db


def summary(db: ReportDatabase, run: str, **given: str) -> str:
    (row,) = db.report("run_status", run=run, as_of=AS_OF, **given)
    return str(row["summary"])


def attempt(run: str, step: str, day: str, ms: int, status: str = "completed", error: str = "") -> str:
    """An attempt that ended at ten."""
    return f"{run},books,{step},{status},,{day}T10:00:00Z,{ms},{error}"


@pytest.fixture
def db(tmp_path: Path) -> ReportDatabase:
    """Twenty runs of 245 s, of which generate takes 108 s; then one of 497 s, of which generate takes 471 s."""
    attempts = []
    for day in range(1, 21):
        attempts.append(
            f"old-{day:02},books,generate,completed,2026-03-{day:02}T10:00:00Z,2026-03-{day:02}T10:01:48Z,,"
        )
        attempts.append(f"old-{day:02},books,package,completed,2026-03-{day:02}T10:01:48Z,2026-03-{day:02}T10:04:05Z,,")
    attempts.append("slow,books,generate,completed,2026-03-21T10:00:00Z,2026-03-21T10:07:51Z,,")
    attempts.append("slow,books,package,completed,2026-03-21T10:07:51Z,2026-03-21T10:08:17Z,,")
    # Both steps are longer than usual: package by 20 s, generate by 363 s.
    attempts.append("both,books,generate,completed,2026-03-22T10:00:00Z,2026-03-22T10:07:51Z,,")
    attempts.append("both,books,package,completed,2026-03-22T10:07:51Z,2026-03-22T10:10:28Z,,")
    return ingested(tmp_path, attempts)


def seconds(text: str) -> int:
    minutes, rest = re.fullmatch(r"(\d+) min(?: (\d+) s)?", text).groups()  # type: ignore[union-attr]
    return 60 * int(minutes) + int(rest or 0)


def test_a_slow_run_and_the_step_to_blame(db: ReportDatabase) -> None:
    """497 s of 245 s are 2.03 times as much; generate took 363 s more than its usual 108 s, package 111 s less."""
    found = re.fullmatch(
        r"Completed in 8 min 17 s, twice the usual (.+): generate took 7 min 51 s \(usually (.+)\)\.",
        summary(db, "slow"),
    )
    assert found
    assert seconds(found[1]) == pytest.approx(245, rel=0.01, abs=0.5)
    assert seconds(found[2]) == pytest.approx(108, rel=0.01, abs=0.5)
    assert ": generate took 7 min 51 s" in summary(db, "both")
    (row,) = db.report("run_status", run="slow")
    assert row["usual_ms"] == row["p95_ms"] == pytest.approx(245_000, rel=0.01)
    assert row["slower_pct"] == pytest.approx(103, abs=2.1)


def test_runs_before_and_after_of_the_same_pipeline(tmp_path: Path) -> None:
    """Two runs of a day by their ends; the next day has none of the pipeline."""
    db = ingested(
        tmp_path,
        [
            "b,books,plan,completed,2026-03-01T09:00:00Z,2026-03-01T10:00:00Z,,",
            "a,books,plan,failed,2026-03-01T08:00:00Z,2026-03-01T11:00:00Z,,",
            "x,films,plan,completed,2026-03-01T10:30:00Z,2026-03-01T10:31:00Z,,",
            "y,films,plan,completed,2026-03-02T10:30:00Z,2026-03-02T10:31:00Z,,",
            "c,books,plan,completed,2026-03-05T10:30:00Z,2026-03-05T10:31:00Z,,",
        ],
    )
    found = {run: db.report("run_status", run=run)[0] for run in "abcxy"}
    assert {run: (row["previous_run"], row["next_run"]) for run, row in found.items()} == {
        "b": (None, "a"),
        "a": ("b", "c"),
        "c": ("a", None),
        "x": (None, "y"),
        "y": ("x", None),
    }


def test_without_a_usual_there_is_the_duration_alone(tmp_path: Path) -> None:
    """It reads as durations read on pages."""
    chance = random.Random(7)
    lengths = [0, 1, 999, 1_001, 59_949, 59_951, 61_001, 3_599_499, 3_599_501, 172_769_999, 172_770_001, 10**9 + 1]
    # Halves are rounded either way.
    lengths += [ms for _ in range(150) if (ms := int(10 ** chance.uniform(0, 10))) % 50]
    # Each is of a pipeline of its own, so that none is usual.
    attempts = (f"r{place},p{place},plan,completed,,2026-03-01T10:00:00Z,{ms}," for place, ms in enumerate(lengths))
    db = ingested(tmp_path, attempts)
    for place, ms in enumerate(lengths):
        assert summary(db, f"r{place}") == f"Completed in {duration(ms).replace(',', '')}."


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (5_000, "50 % less than"),
        (9_200, "about"),
        (10_800, "about"),
        (14_000, "40 % more than"),
        (20_000, "twice"),
        (36_000, "3.6 times"),
        (120_000, "12 times"),
    ],
)
def test_how_a_duration_compares(tmp_path: Path, ms: int, words: str) -> None:
    """With a usual of 10 s, within 1 %."""
    old = [attempt(f"old-{place}", "plan", "2026-03-02", 10_000) for place in range(20)]
    db = ingested(tmp_path, [*old, attempt("new", "plan", "2026-03-03", ms)])
    found = re.search(r", (.+) the usual (.+) s", summary(db, "new").partition(":")[0])
    assert found
    assert float(found[2]) == pytest.approx(10, rel=0.02)
    number, name = re.match(r"[\d.]*", words)[0], words.lstrip("0123456789.")  # type: ignore[index]
    assert found[1].lstrip("0123456789.") == name
    if number:
        assert float(found[1].split()[0]) == pytest.approx(float(number), abs=2 if "%" in words else 0.2)
    assert (": plan took" in summary(db, "new")) == (ms > 11_000)


OPEN = "2026-03-31T11:30:00.000Z"
STATES = [
    # status, columns of the run, the sentence at twelve o'clock
    ("failed", {"started_at": OPEN, "duration_ms": 123_000}, "Failed after 2 min 3 s."),
    (
        "failed",
        {"duration_ms": 5, "failure_stage": "render", "error_message": "No\r\nanswer"},
        "Failed after 5 ms in render: No.",
    ),
    ("failed", {"error_message": "Boom!", "current_step": "cut"}, "Failed in cut: Boom!"),
    ("failed", {"error_message": "x" * 300}, f"Failed: {'x' * 199}…"),
    ("running", {"started_at": OPEN, "current_step": "cut"}, "Running for 30 min in cut."),
    (
        "running",
        {"started_at": "2026-03-31T10:58:00.000Z", "last_activity_at": "2026-03-31T11:00:00.000Z"},
        "Stuck: running for 1 h 2 min, silent for 1 h.",
    ),
    ("running", {"current_step": "cut"}, "Stuck in cut: running without a sign of life."),
    ("queued", {"queued_at": OPEN}, "Queued for 30 min."),
    ("queued", {"queued_at": "2026-03-30T11:00:00.000Z"}, "Stuck: queued for 25 h, silent for 25 h."),
    ("waiting", {"started_at": "2026-03-31T09:00:00.000Z"}, "Waiting for 3 h."),
    ("cancelled", {"duration_ms": 61_000, "current_step": "cut"}, "Cancelled after 1 min 1 s in cut."),
    ("blocked", {"current_step": "cut", "error_message": "Disk full"}, "Blocked in cut: Disk full."),
    (None, {"source_status": "meditating"}, "Unknown status 'meditating'."),
    ("completed", {}, "Completed."),
]


@pytest.mark.parametrize(("status", "columns", "expected"), STATES, ids=[expected for *_, expected in STATES])
def test_each_state_has_its_sentence(
    tmp_path: Path, status: str | None, columns: dict[str, object], expected: str
) -> None:
    db = ingested(tmp_path, [attempt("old", "plan", "2026-03-02", 10_000)])
    names, values = ", ".join(columns), [*columns.values()]
    with closing(schema.connect(db.path)) as connection, connection:
        connection.execute(
            f"insert into runs (source_id, source_key, input_id, kind, status{names and ', ' + names})"
            f" values (1, 'new', 1, 'job', ?{', ?' * len(values)})",
            [status, *values],
        )
    assert summary(db, "new") == expected


def test_a_failed_run_names_the_step_that_failed_last(tmp_path: Path) -> None:
    db = ingested(
        tmp_path,
        [
            "new,books,plan,failed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,,First",
            "new,books,plan,completed,2026-03-01T10:00:10Z,2026-03-01T10:00:20Z,,",
            "new,books,render,failed,2026-03-01T10:00:20Z,2026-03-01T10:02:03Z,,No answer",
        ],
    )
    assert summary(db, "new") == "Failed after 2 min 3 s in render: No answer."


def test_a_step_that_was_tried_again_is_not_where_a_run_failed(tmp_path: Path) -> None:
    """Cut failed later than plan, and is tried again; of plan nothing more comes."""
    rows = [
        "new,books,plan,failed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,,First",
        "new,books,cut,failed,2026-03-01T10:00:10Z,2026-03-01T10:00:20Z,,Second",
        "new,books,cut,completed,2026-03-01T10:00:20Z,2026-03-01T10:00:30Z,,",
    ]
    db = ingested(tmp_path, rows)
    assert summary(db, "new") == "Failed after 30.0 s in plan: First."


def test_how_often_an_error_was_seen_and_where(tmp_path: Path) -> None:
    """Boom three times in two pipelines; errors that differ in numbers are one, and a single one is not listed."""
    rows = [
        "r1,books,plan,failed,2026-03-01T10:00:00Z,2026-03-01T10:01:10Z,,Boom 1",
        "r2,books,plan,failed,2026-03-02T10:00:00Z,2026-03-02T10:02:10Z,,Boom 2",
        "r3,films,plan,failed,2026-03-03T10:00:00Z,2026-03-03T10:03:10Z,,Boom 3",
        "r4,films,cut,failed,2026-03-04T10:00:00Z,2026-03-04T10:04:10Z,,Torn",
        "r5,films,cut,completed,2026-03-05T10:00:00Z,2026-03-05T10:05:10Z,,",
    ]
    db = ingested(tmp_path, rows)
    seen = {
        run: [row["detail"] for row in db.report("run_diagnosis", run=run) if row["check"] == "same error"]
        for run in ("r1", "r3", "r4", "r5")
    }
    said = "Seen 3 times, first at 2026-03-01 10:01, last at 2026-03-03 10:03 (UTC), in plan, of 2 pipelines."
    assert seen == {"r1": [said], "r3": [said], "r4": [], "r5": []}


def checked(db: ReportDatabase, run: str) -> tuple[str, str]:
    """What the diagnosis says of a run's duration."""
    (found,) = (row for row in db.report("run_diagnosis", run=run) if row["check"] == "duration")
    return found["status"], found["detail"]


def test_longer_than_nineteen_of_twenty_is_a_finding(tmp_path: Path) -> None:
    """Of 1 s to 20 s the p95 is 19 s and the median 10 s: 21 s are longer than the p95, 18 s are not."""
    attempts = [attempt(f"old-{place}", "plan", "2026-03-02", 1000 * place) for place in range(1, 21)]
    attempts += [
        attempt("fast", "plan", "2026-03-20", 18_000),
        attempt("slow", "plan", "2026-03-20", 21_000),
        attempt("lost", "plan", "2026-03-20", 90_000, "failed"),
    ]
    db = ingested(tmp_path, attempts)
    assert checked(db, "fast") == ("ok", "Not slower than usual.")
    status, detail = checked(db, "slow")
    assert status == "warning"
    assert re.fullmatch(
        r"Slower than usual: longer than 95 % of the runs of the 28 days before, 2\.[01] times their median\.", detail
    )
    assert checked(db, "old-20") == (
        "ok",
        "What is usual is unknown: fewer than 20 runs completed on the 28 days before.",
    )
    assert checked(db, "lost") == ("ok", "Only a completed run is held against what is usual.")
    health = {as_of: slow_runs(db, as_of) for as_of in ("2026-03-20T10:00:00Z", "2026-03-20T09:59:59Z")}
    assert health == {"2026-03-20T10:00:00Z": ("warning", 1), "2026-03-20T09:59:59Z": ("ok", 0)}
    # It ended 24 hours ago, which are over.
    assert slow_runs(db, "2026-03-21T09:59:59Z") == ("warning", 1)
    assert slow_runs(db, "2026-03-21T10:00:00Z") == ("ok", 0)


def slow_runs(db: ReportDatabase, as_of: str) -> tuple[str, int]:
    """What health says of slow runs at a time; the report that it names lists as many."""
    (found,) = (row for row in db.report("health", as_of=as_of) if row["check"] == "slow runs")
    assert found["report"] == "slow_runs"
    assert found["count"] == len(db.report("slow_runs", as_of=as_of))
    return found["status"], found["count"]
