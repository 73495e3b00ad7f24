"""What the last hours came to, which runs were slow, and the last runs of each pipeline; numbers by hand."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers.attempts import attempt, moment, write
from helpers.report_database import ReportDatabase, pairs

from storyreport import reports
from storyreport.verdicts import reasons

# Twenty completed runs of 10 to 29 s, days ago: the median is the 10th, 19 s; the p95 is the 19th, 28 s.
USUAL = [attempt(f"u{n:02}", 96 + n, 10 + n, pipeline="tales") for n in range(20)]


@pytest.fixture
def db(tmp_path: Path) -> ReportDatabase:
    """Of tales: two runs in the last day, one of them failed, and three the day before; of films: one without usual."""
    rows = [
        *USUAL,
        attempt("quick", 1, 27.5, pipeline="tales"),
        attempt("slow", 2, 58, pipeline="tales", story="S-1"),
        attempt("lost", 3, 58, pipeline="tales", status="failed", error="Boom"),
        *(attempt(f"b{n}", 30, 12, pipeline="tales") for n in range(3)),
        attempt("reel", 5, 3600, pipeline="films"),
        # Its time is in the future: a clock is wrong, and it is in no last hours.
        attempt("ahead", -5, 60, pipeline="films"),
    ]
    calls = [f"slow,acme,{moment(2)},3,USD", f"b1,acme,{moment(30)},2,USD", f"b1,acme,{moment(30)},7,EUR"]
    found = ReportDatabase(tmp_path)
    found.ingest(write(tmp_path / "studio", rows, calls))
    return found


def test_the_last_day_against_the_day_before(db: ReportDatabase) -> None:
    columns = ("pipeline", "figure", "value", "previous_value", "change_pct", "currency")
    assert pairs(db.report("last_hours"), *columns) == [
        ("tales", "runs", 3, 3, 0, None),
        ("films", "runs", 1, 0, None, None),
        ("tales", "failed runs", 1, 0, None, None),
        ("tales", "cost", 3, 2, 50, "USD"),
        ("tales", "cost", 0, 7, -100, "EUR"),
    ]
    # What failed 3 hours ago is in the 2.5 hours before the last 2.5.
    assert pairs(db.report("last_hours", hours="2.5", pipeline="tales"), "figure", "value", "previous_value") == [
        ("runs", 2, 1),
        ("failed runs", 0, 1),
        ("cost", 3, 0),
    ]
    assert db.report("last_hours", source="nobody") == []


def test_the_same_runs_are_listed(db: ReportDatabase) -> None:
    """recent_runs lists what last_hours counts."""
    assert [row["run"] for row in db.report("recent_runs", hours="24")] == ["quick", "slow", "lost", "reel"]
    assert [row["run"] for row in db.report("recent_runs", hours="24", status="failed")] == ["lost"]
    assert [row["run"] for row in db.report("recent_runs", hours="24", limit="2")] == ["quick", "slow"]
    assert db.report("recent_runs", limit="0") == []


def test_runs_to_come_leave_the_last_ones_in_their_place(tmp_path: Path) -> None:
    """Three runs of the day after tomorrow would fill a limit of two, if they counted."""
    runs = [attempt("quick", 1), attempt("early", 30), *(attempt(f"ahead{n}", -40) for n in range(3))]
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", runs))
    assert [row["run"] for row in db.report("recent_runs", hours="40", limit="2")] == ["quick", "early"]


def test_a_slow_run_took_longer_than_nineteen_of_twenty(db: ReportDatabase) -> None:
    """58 s are slower than 28 s, and 3.05 times the usual 19 s; 27.5 s are not; what failed is not called slow."""
    (row,) = db.report("slow_runs")
    assert (row["run"], row["story"], row["duration_ms"], row["pipeline"]) == ("slow", "S-1", 58_000, "tales")
    # The three of the day before are of the 28 days before, too: of 23 runs the 12th has 18 s, the 22nd 28 s.
    assert row["usual_ms"] == pytest.approx(18_000, rel=0.011)
    assert row["p95_ms"] == pytest.approx(28_000, rel=0.011)
    assert row["slower_pct"] == pytest.approx(100 * 58 / 18 - 100, abs=4)
    # Itself and the quick one: failed runs are not compared, nor are those without a usual.
    assert row["compared_runs"] == 2
    assert db.report("slow_runs", hours="1.5") == []
    assert db.report("slow_runs", pipeline="films") == []


@pytest.mark.parametrize(("quick", "status"), [(8, "warning"), (9, "ok")])
def test_health_warns_of_more_slow_runs_than_one_in_ten(tmp_path: Path, quick: int, status: str) -> None:
    """One of twenty runs is slow as usual; a failed run and a pipeline without a usual are not compared."""
    rows = [*USUAL, *(attempt(f"q{n}", 2, 15, pipeline="tales") for n in range(quick))]
    rows += [attempt("slow", 2, 58, pipeline="tales"), attempt("lost", 2, 58, pipeline="tales", status="failed")]
    rows += [attempt(f"f{n}", 2, 1, pipeline="films") for n in range(5)]
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", rows))
    (found,) = (row for row in db.report("health") if row["check"] == "slow runs")
    assert (found["status"], found["count"], bool(found["action"])) == (status, 1, status == "warning")


def test_the_wall_has_the_last_runs_of_each_pipeline(db: ReportDatabase) -> None:
    rows = db.report("run_wall", runs="4")
    assert pairs(rows, "pipeline", "run", "status", "is_slow") == [
        ("films", "ahead", "completed", None),
        ("films", "reel", "completed", None),
        ("tales", "quick", "completed", 0),
        ("tales", "slow", "completed", 1),
        ("tales", "lost", "failed", 0),
        ("tales", "b2", "completed", 0),
    ]
    assert rows[0]["usual_ms"] is None
    # Of one row it is that of the pipeline with a failure.
    assert {row["pipeline"] for row in db.report("run_wall", pipelines="1")} == {"tales"}
    assert len(db.report("run_wall", pipeline="tales", runs="1000")) == 26


def test_failing_pipelines_are_on_a_wall_that_is_too_small(tmp_path: Path) -> None:
    """One that failed twice comes before one that failed once; what failed three days ago counts no more.

    A run whose clock is days ahead makes nothing older.
    """
    words = {"good": ("completed",) * 3, "bad": ("failed", "failed", "completed"), "poor": ("failed", "completed")}
    runs = [
        attempt(f"{name}-{n}", 1 + n, 5, pipeline=name, status=status)
        for name, statuses in words.items()
        for n, status in enumerate(statuses)
    ]
    runs += [
        attempt(f"old-{n}", 80 * n + 1, 5, pipeline="healed", status=("failed" if n else "completed")) for n in range(5)
    ]
    runs.append(attempt("ahead", -60, 5, pipeline="ahead"))
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", runs))
    shown = [{row["pipeline"] for row in db.report("run_wall", pipelines=str(count))} for count in (1, 2)]
    assert shown == [{"bad"}, {"bad", "poor"}]


def test_runs_of_no_pipeline_are_a_row_of_their_own(tmp_path: Path) -> None:
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", [attempt("a", 1), attempt("b", 2, pipeline="tales")]))
    assert pairs(db.report("run_wall"), "run", "pipeline") in (
        [("a", None), ("b", "tales")],
        [("b", "tales"), ("a", None)],
    )


def test_durations_of_all_together(db: ReportDatabase) -> None:
    """Of 27 completed runs (3 of 12 s, 20 of 10 to 29 s, 27.5, 58, 60 and 3600 s) the 14th has 20 s, the 26th 60 s."""
    (row,) = db.report("run_durations", by="period")
    assert (row["day"], row["runs"]) == (None, 27)
    assert row["p50_ms"] == pytest.approx(20_000, rel=0.011)
    assert row["p95_ms"] == pytest.approx(60_000, rel=0.011)
    days = db.report("run_durations", pipeline="films")
    assert sorted(day["runs"] for day in days) in ([1, 1], [2])
    assert sum(day["runs"] for day in db.report("run_durations")) == 27


def test_the_longest_period_holds_everything(db: ReportDatabase) -> None:
    """Twenty runs of long ago, three of the last day, three of the day before, one of films; none that is to come."""
    ever = "8760000"
    assert sum(row["value"] for row in db.report("last_hours", hours=ever) if row["figure"] == "runs") == 27
    assert sum(row["count"] for row in db.report("recent_statuses", hours=ever) if row["kind"] == "run") == 27
    assert len({row["run"] for row in db.report("recent_runs", hours=ever, limit="1000000000")}) == 27
    assert db.report("recent_runs", hours="0") == []
    assert db.report("duration_changes", days="365000") == db.report("duration_changes", days="300")


def test_what_failed_most(tmp_path: Path) -> None:
    """Two errors begin alike in two pipelines, and are more than any other; two the day before are said besides.

    What failed two days ago is not counted. In films both errors came once, one of them the day before as well.
    """
    refused = "Connection refused by the host with number {}"
    rows = [
        attempt("a", 3, 5, pipeline="books", status="failed", error=refused.format(17)),
        attempt("b", 2, 5, pipeline="films", status="failed", error=refused.format(4)),
        attempt("c", 1, 5, pipeline="films", status="failed", error="Torn"),
        attempt("d", 30, 5, pipeline="books", status="failed", error=refused.format(5)),
        attempt("f", 31, 5, pipeline="films", status="failed", error=refused.format(7)),
        *(attempt(f"old-{n}", 50, 5, pipeline="films", status="failed", error="Torn") for n in range(3)),
        attempt("e", 50, 5, pipeline="films", status="failed", error=refused.format(6)),
    ]
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", rows))
    asked = reasons.MOST_FAILED
    with closing(sqlite3.connect(db.path)) as connection:
        report = reports.find(asked.report)
        (found,) = reports.select(connection, report, {"since": "48h"}, asked.select, {"hours": "24"})
        films = {"since": "48h", "pipeline": "films"}
        assert reports.select(connection, report, films, asked.select, {"hours": "24"})[0]["error"] == refused.format(4)
        (fact,) = (each for each in reasons.of_hours(connection, 24) if each.report == asked.report)
    assert (found["failures"], found["pipelines"], found["source"], found["pipeline"]) == (2, 2, "studio", None)
    assert found["error"] == refused.format(4), "that of the last time"
    assert found["first_at"][:16] == moment(3)[:16]
    assert found["failures_before"] == 2
    assert re.fullmatch(r"2 pipelines failed 2 times in write, since .* \(2 the day before\)", fact.text)


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        # 2 to 4.25 USD in all, of which draw makes 2: the other quarter is no reason.
        (3.0, ("draw of studio films cost 2.00 USD more", "3.00 USD, 1.00 USD the day before")),
        # 2 to 2.35 USD: less than a fifth more is no bad news.
        (1.1, None),
    ],
)
def test_the_step_behind_a_rise_in_cost(tmp_path: Path, draw: float, said: tuple[str, str] | None) -> None:
    runs = [attempt(run, hours, pipeline="films") for run, hours in (("new", 2), ("old", 30))]
    folder = write(tmp_path / "studio", runs)
    calls = [f"n1,new,draw,big,{moment(2)},{draw},USD", f"n2,new,write,small,{moment(2)},1.25,USD"]
    calls += [
        f"o{n},old,{step},small,{moment(30)},{cost},USD" for n, (step, cost) in enumerate((("draw", 1), ("write", 1)))
    ]
    # What cost nothing the day before is no rise that a step could explain.
    calls += [f"e,new,draw,small,{moment(2)},9,EUR"]
    (folder / "calls.csv").write_text("id,run,step,model,called_at,cost,currency\n" + "\n".join(calls) + "\n", "utf-8")
    db = ReportDatabase(tmp_path)
    db.ingest(folder)
    rows = [row for row in db.report("last_hours", per="step") if row["currency"] == "USD"]
    assert {(row["step"], row["model"]): (row["value"], row["previous_value"]) for row in rows} == {
        ("draw", "big"): (draw, 0),
        ("draw", "small"): (0, 1),
        ("write", "small"): (1.25, 1),
    }
    asked = reasons.COSTLIER
    with closing(sqlite3.connect(db.path)) as connection:
        given = {"hours": "24", "per": "step"}
        fact = reasons.costlier(reports.select(connection, reports.find(asked.report), given, asked.select))
    assert (fact and (fact.text, fact.detail)) == said
    assert not fact or fact.params == {**given, "source": "studio", "pipeline": "films"}


def test_no_step_is_behind_a_rise_of_many(tmp_path: Path) -> None:
    """Of four steps that cost half as much again, each makes a quarter of the rise: none is the reason."""
    folder = write(tmp_path / "studio", [attempt(run, hours) for run, hours in (("new", 2), ("old", 30))])
    calls = [
        f"{run}-{step},{run},{step},{moment(hours)},{cost},USD"
        for run, hours, cost in (("new", 2, 1.5), ("old", 30, 1))
        for step in ("draw", "write", "cut", "mix")
    ]
    (folder / "calls.csv").write_text("id,run,step,called_at,cost,currency\n" + "\n".join(calls) + "\n", "utf-8")
    db = ReportDatabase(tmp_path)
    db.ingest(folder)
    (total,) = (row for row in db.report("last_hours") if row["figure"] == "cost")
    assert (total["value"], total["previous_value"]) == (6, 4)
    with closing(sqlite3.connect(db.path)) as connection:
        asked = reasons.COSTLIER
        given = {"hours": "24", "per": "step"}
        assert reports.select(connection, reports.find(asked.report), given, asked.select) == []
