"""Two runs step by step, and what a run cost against runs like it; every number by hand."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs

from storyreport import reports, schema
from storyreport.errors import UsageError

ATTEMPTS = "run,pipeline,step,attempt,status,started_at,ended_at,duration_ms,error"
CALLS = "run,step,provider,called_at,input_tokens,output_tokens,cost,currency"


def ingested(folder: Path, attempts: Iterable[str], calls: Iterable[str] = ()) -> ReportDatabase:
    (folder / "plain").mkdir()
    for name, head, lines in (("attempts", ATTEMPTS, attempts), ("calls", CALLS, calls)):
        if rows := list(lines):
            (folder / "plain" / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    db = ReportDatabase(folder)
    db.ingest(folder / "plain")
    return db


@pytest.fixture
def db(tmp_path: Path) -> ReportDatabase:
    """A good run of books, then one of films and failed ones of books, and then the run in question."""
    return ingested(
        tmp_path,
        [
            "good,books,plan,1,completed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,,",
            "good,books,write,1,completed,2026-03-01T10:00:10Z,2026-03-01T10:01:10Z,,",
            "good,books,print,1,completed,2026-03-01T10:01:10Z,2026-03-01T10:01:11Z,,",
            "other,films,plan,1,completed,2026-03-01T11:00:00Z,2026-03-01T11:00:10Z,,",
            "worse,books,plan,1,failed,2026-03-01T12:00:00Z,2026-03-01T12:00:10Z,,Boom",
            "bad,books,plan,1,failed,2026-03-02T10:00:00Z,2026-03-02T10:00:10Z,,Boom",
            "new,books,plan,1,completed,2026-03-03T10:00:00Z,2026-03-03T10:00:12Z,,",
            "new,books,write,1,failed,2026-03-03T10:00:12Z,2026-03-03T10:00:42Z,,No answer",
            "new,books,write,2,failed,2026-03-03T10:00:42Z,2026-03-03T10:02:42Z,,Disk full",
            "new,books,check,1,skipped,2026-03-03T10:02:42Z,2026-03-03T10:02:43Z,,",
        ],
        [
            "good,write,acme,2026-03-01T10:00:20Z,1000,200,0.5,USD",
            "new,write,acme,2026-03-03T10:00:20Z,900,100,0.75,USD",
            "new,write,acme,2026-03-03T10:01:20Z,90,10,0.5,USD",
            "new,write,acme,2026-03-03T10:01:30Z,,,2,EUR",
            "new,,acme,2026-03-03T10:01:40Z,5,5,0.125,USD",
            # Without a known price: its tokens are those of the last currency, by name.
            "new,write,acme,2026-03-03T10:01:50Z,8,2,,",
            "new,plan,acme,2026-03-03T10:00:01Z,3,1,,",
        ],
    )


def test_step_by_step_against_the_last_good_run(db: ReportDatabase) -> None:
    """Durations, tokens and money are the sums of the attempts; status and error those of the last one."""
    rows = db.report("run_diff", run="new")
    assert {(row["source"], row["pipeline"], row["run"], row["with_run"]) for row in rows} == {
        ("plain", "books", "new", "good")
    }
    columns = ("step", "status", "with_status", "duration_ms", "with_duration_ms", "difference_ms")
    assert pairs(rows, *columns) == [
        ("plan", "completed", "completed", 12_000, 10_000, 2_000),
        ("write", "failed", "completed", 150_000, 60_000, 90_000),
        ("write", "failed", "completed", 150_000, 60_000, 90_000),
        # Each is the third step of its run.
        ("check", "skipped", None, 1_000, None, None),
        ("print", None, "completed", None, 1_000, None),
        (None, None, None, None, None, None),
    ]
    sums = ("step", "attempts", "with_attempts", "cost", "with_cost", "currency", "tokens", "with_tokens", "error")
    assert pairs(rows, *sums) == [
        ("plan", 1, 1, None, None, None, 4, None, None),
        ("write", 2, 1, 2.0, None, "EUR", None, None, "Disk full"),
        ("write", 2, 1, 1.25, 0.5, "USD", 1_110, 1_200, "Disk full"),
        ("check", 1, None, None, None, None, None, None, None),
        ("print", None, 1, None, None, None, None, None, None),
        (None, None, None, 0.125, None, "USD", 10, None, None),
    ]


def test_another_run_may_be_named(db: ReportDatabase) -> None:
    """Also one of another pipeline, and a failed one."""
    (row,) = (row for row in db.report("run_diff", run="new", **{"with": "bad"}) if row["step"] == "plan")
    assert (row["with_run"], row["with_status"], row["difference_ms"], row["error"]) == ("bad", "failed", 2_000, None)
    assert {row["with_run"] for row in db.report("run_diff", run="new", **{"with": "other"})} == {"other"}


@pytest.mark.parametrize(
    ("run", "other", "sentence"),
    [
        ("new", "lost", "There is no run lost in plain: choose another one."),
        ("new", "new", "Both runs are new: choose another one."),
        (
            "good",
            "",
            "No other run of its pipeline and kind completed before good: name one to compare it with.",
        ),
        ("bare", "bare too", "Neither run has recorded steps or calls."),
    ],
)
def test_where_nothing_can_be_compared_a_row_says_why(db: ReportDatabase, run: str, other: str, sentence: str) -> None:
    with schema.connect(db.path) as connection:
        connection.executemany(
            "insert into runs (source_id, source_key, input_id, kind, status) values (1, ?, 1, 'job', 'completed')",
            [("bare",), ("bare too",)],
        )
    (row,) = db.report("run_diff", run=run, **{"with": other})
    assert {name: value for name, value in row.items() if value is not None} == {
        "error": sentence,
        "source": "plain",
        "run": run,
        **({"with_run": other} if other in ("new", "bare too") else {}),
        **({} if run == "bare" else {"pipeline": "books"}),
    }


def test_an_unknown_run_is_refused_at_the_prompt(db: ReportDatabase) -> None:
    assert db.report("run_diff", run="lost") == []
    report = reports.find("run_diff")
    with schema.connect(db.path) as connection, pytest.raises(UsageError, match=r"There is no run 'goo': did you mean"):
        reports.check_names(connection, report, reports.bind(report, {"run": "goo"}), has_rows=False)


def test_a_run_s_cost_against_the_median_of_runs_like_it(tmp_path: Path) -> None:
    """Of 21 runs of 1 to 21 cents the median is 11; a failed one, one of films, one 29 days ago do not count."""
    runs = [(f"old-{cent:02}", "books", "completed", f"2026-03-{cent:02}", cent / 100) for cent in range(1, 22)]
    runs += [
        ("lost", "books", "failed", "2026-03-10", 9.0),
        ("film", "films", "completed", "2026-03-10", 9.0),
        ("early", "books", "completed", "2026-02-21", 9.0),
        ("new", "books", "completed", "2026-03-22", 0.22),
    ]
    attempts = [f"{run},{line},plan,1,{status},,{day}T10:00:00Z,1000," for run, line, status, day, _ in runs]
    calls = [f"{run},plan,acme,{day}T10:00:00Z,10,1,{cost / 2},USD" for run, _, _, day, cost in runs for _ in "ab"]
    calls = [f"{call}" for call in calls] + ["new,plan,acme,2026-03-22T09:00:00Z,1,1,3,EUR"]
    db = ingested(tmp_path, attempts, calls)
    columns = ("calls", "total_tokens", "cost", "currency", "usual_cost", "more_pct")
    assert pairs(db.report("run_cost", run="new"), *columns) == [
        (1, 2, 3.0, "EUR", None, None),
        (2, 22, 0.22, "USD", 0.11, 100.0),
    ]
    # Before it are 19 of its kind, and the one of February.
    assert pairs(db.report("run_cost", run="old-20"), "cost", "usual_cost") == [(0.2, 0.1)]
    assert pairs(db.report("run_cost", run="old-19"), "cost", "usual_cost") == [(0.19, None)]
