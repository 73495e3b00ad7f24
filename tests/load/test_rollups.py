"""Rollups equal what the base rows add up to, whatever happened to them and in whatever batches."""

import contextlib
import math
import sqlite3
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from helpers.histories import ACTIONS, PLAIN, act, past, rounded
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport.ingest import reprice
from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune


def exact_percentile(durations: list[int], percent: int) -> int:
    """The nearest-rank percentile."""
    return sorted(durations)[math.ceil(percent * len(durations) / 100) - 1]


@settings(max_examples=70)
@given(st.lists(ACTIONS, min_size=1, max_size=25))
def test_rollups_equal_recomputation(actions: list[tuple[Any, ...]]) -> None:
    """After any history in any batches the reports equal the base rows, and those equal a single full read."""
    with TemporaryDirectory() as folder:
        tracker = Tracker(Path(folder) / "studio.db")
        db = ReportDatabase(Path(folder))
        for action in [*actions, ("ingest",)]:
            act(tracker, db, action)
        tracker.close()

        executions: dict[str, list[str]] = defaultdict(list)
        durations: dict[str, list[int]] = defaultdict(list)
        for step, status, ms, accepted in db.sql("""
            select steps.name, status, duration_ms, acceptance_passed from step_runs join steps on steps.id = step_id
            where status in ('completed', 'failed')
        """):
            executions[step].append(status)
            if (status == "completed" or accepted == 0) and ms is not None:
                durations[step].append(ms)
        rows = {row["step"]: row for row in db.report("slowest_steps")}
        assert {step: row["executions"] for step, row in rows.items()} == {s: len(e) for s, e in executions.items()}
        for step, row in rows.items():
            if durations[step]:
                assert row["total_ms"] == sum(durations[step])
                assert row["max_ms"] == max(durations[step])
                for percent in (50, 95):
                    exact = exact_percentile(durations[step], percent)
                    assert abs(row[f"p{percent}_ms"] - exact) <= 0.01 * exact + 0.5
            else:
                assert row["total_ms"] is None
        assert {row["step"]: row["failed"] for row in db.report("failure_rates")} == {
            step: statuses.count("failed") for step, statuses in executions.items()
        }

        (Path(folder) / "fresh").mkdir()
        fresh = ReportDatabase(Path(folder) / "fresh")
        fresh.ingest(Path(folder) / "studio.db")
        present = """
            select step_runs.source_key, attempt, step_runs.status, duration_ms, acceptance_passed,
                coalesce(stories.source_key, step_runs.story_key), stories.id is null, error_message
            from step_runs left join stories on stories.id = story_id where step_runs.gone_at is null order by 1
        """
        assert db.sql(present) == fresh.sql(present)
        assert examine(db.path) == []


DAYS = st.integers(min_value=1, max_value=6)
TIMES = st.one_of(st.none(), DAYS.map("2026-03-0{}T10:00:00Z".format))
OWNERS = st.sampled_from([None, "A", "B"])
AMOUNTS = st.one_of(st.none(), st.integers(min_value=0, max_value=10**6))
ERRORS = st.sampled_from([None, None, "Boom 7", "No answer after 30 s"])
STATUSES = st.sampled_from(["completed", "failed", "running", "queued"])
CURRENCIES = st.sampled_from(["USD", "EUR"])
ATTEMPTS = st.tuples(
    OWNERS,
    OWNERS,
    st.sampled_from(["plan", "write_1"]),
    st.sampled_from([None, 1, 2, 3]),
    STATUSES,
    TIMES,
    TIMES,
    AMOUNTS,
    ERRORS,
    st.sampled_from([None, 0, 1]),
)
CALLS = st.tuples(
    OWNERS,
    OWNERS,
    st.sampled_from([None, "plan"]),
    st.sampled_from(["openai", "acme"]),
    st.sampled_from(["gpt-4o", "own"]),
    st.sampled_from(["chat", "image"]),
    TIMES,
    AMOUNTS,
    STATUSES,
    ERRORS,
    AMOUNTS,
    AMOUNTS,
    st.one_of(st.none(), st.floats(min_value=0, max_value=9)),
    CURRENCIES,
)
ROWS = st.integers(min_value=1, max_value=8)
CHANGES = st.one_of(
    st.tuples(st.just("step_runs"), ATTEMPTS),
    st.tuples(st.just("step_runs"), ATTEMPTS),
    st.tuples(st.just("calls"), CALLS),
    st.tuples(st.just("calls"), CALLS),
    st.tuples(st.just("update step_runs set status = 'completed', duration_ms = 5, error = null where id = ?"), ROWS),
    st.tuples(st.just("update step_runs set story = 'B', ended_at = '2026-03-05T11:00:00Z' where id = ?"), ROWS),
    st.tuples(st.just("update calls set cost = 0.5, currency = 'EUR', called_at = null where id = ?"), ROWS),
    st.tuples(st.just("delete from step_runs where id = ?"), ROWS),
    st.tuples(st.just("delete from calls where id = ?"), ROWS),
    st.tuples(st.just("ingest"), st.booleans()),
    st.tuples(st.just("reprice"), st.none()),
    st.tuples(st.just("prune"), DAYS),
)


def closed_days(db: ReportDatabase) -> dict[str, list[dict[str, Any]]]:
    """What is said of the days whose detail was pruned."""
    since = db.one("select detail_since from sources")
    last = (date.fromisoformat(since) - timedelta(days=1)).isoformat() if since else "1999-12-31"
    names = ("slowest_steps", "failure_rates", "cost", "cost_by_step", "api_reliability")
    with db.reading():
        return {name: [rounded(row) for row in db.report(name, until=last)] for name in names}


@settings(max_examples=16)
@given(st.lists(CHANGES, min_size=4, max_size=20))
def test_rollups_stay_right(changes: list[tuple[str, Any]]) -> None:
    """After rows and changes, prices and prunings in any order nothing differs, and no pruning changes the past."""
    with TemporaryDirectory() as folder:
        db, path = ReportDatabase(Path(folder)), Path(folder) / "plain.db"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as source:
            source.executescript(PLAIN)
            db.ingest(path)
            closed = closed_days(db)
            for what, how in [*changes, ("ingest", False), ("prune", 4), *changes, ("ingest", True)]:
                match what:
                    case "step_runs" | "calls":
                        places = ", ".join("?" * len(how))
                        source.execute(f"insert into {what} values (null, {places})", how)
                    case "ingest":
                        db.ingest(path, full=how)
                    case "reprice":
                        reprice(db.path, None)
                    case "prune":
                        before = past(db)
                        prune(db.path, date(2026, 3, how))
                        assert past(db) == before
                        closed = closed_days(db)
                    case _:
                        source.execute(what, [how])
                if what in ("ingest", "reprice", "prune"):
                    assert [str(finding) for finding in examine(db.path)] == []
                    assert closed_days(db) == closed


def test_days_are_apart(db: ReportDatabase, tracker: Tracker) -> None:
    """A report of some days has what ended on them, their last day included."""
    for day, ms in enumerate((1000, 2000, 4000)):
        tracker.end("A", "01_ingest", f"r{day}", ms)
        tracker.clock(days=1)
    db.ingest(tracker.path)

    def total(**given: str) -> object:
        rows = db.report("slowest_steps", **given)
        return rows[0]["total_ms"] if rows else None

    assert total() == 7000
    assert total(since="2026-03-11") == 6000
    assert total(until="2026-03-11") == 3000
    assert total(since="2026-03-11", until="2026-03-11") == 2000
    assert total(since="2026-03-13") is None
    (row,) = db.report("slowest_steps", since="2026-03-11", until="2026-03-11")
    assert (row["avg_ms"], row["share_pct"]) == (2000, 100.0)


def test_a_percentile_at_the_boundary(db: ReportDatabase, tracker: Tracker) -> None:
    """Of 20 durations 19 are 95 % and 10 are 50 %: the nearest rank, of a day, of all days and of some."""
    durations = [1000 * 2**number for number in range(20)]
    for part in (durations[::2], durations[1::2]):
        for ms in part:
            tracker.end("A", "01_ingest", f"r{ms}", ms)
        tracker.clock(days=1)
    for number, ms in enumerate(durations):
        tracker.end("B", "02_preprocess", f"b{number}", ms)
    db.ingest(tracker.path)

    def near(found: int, exact: int) -> bool:
        return abs(found - exact) <= 0.01 * exact

    whole = "select p50_ms, p95_ms from rollup_steps where family = ?"
    for family in ("01_ingest", "02_preprocess"):
        ((p50, p95),) = db.sql(whole, family)
        assert near(p50, durations[9]), family
        assert near(p95, durations[18]), family
    ((p50, p95),) = db.sql(whole.replace("rollup_steps", "rollup_step_days"), "02_preprocess")
    assert near(p50, durations[9])
    assert near(p95, durations[18])
    for days in ({}, {"since": "2026-03-01"}):
        (row,) = [row for row in db.report("slowest_steps", **days) if row["step"] == "01_ingest"]
        assert near(row["p50_ms"], durations[9]), days
        assert near(row["p95_ms"], durations[18]), days


def test_costs_that_no_integer_holds(db: ReportDatabase, tmp_path: Path) -> None:
    """A price of 9.2e9 or more is none: the call is unpriced. Large ones add up past what an integer holds."""
    path = tmp_path / "ledger.csv"
    rows = ["draft,acme,one,2026-03-01,1e12", "draft,acme,one,2026-03-01,9.2e9", "draft,acme,one,2026-03-01,0.25"]
    rows += [f"draft,acme,two,2026-03-{day:02},9.1e9" for day in range(1, 9)]
    path.write_text("\n".join(["step,provider,model,called_at,cost", *rows, ""]), encoding="utf-8")
    db.ingest(path)
    costs = {(row["model"], row["day"]): row for row in db.report("cost")}
    assert (costs["one", "2026-03-01"]["cost"], costs["one", "2026-03-01"]["unpriced_calls"]) == (0.25, 2)
    assert costs["two", "2026-03-08"]["cost"] == 9.1e9
    assert db.one("select typeof(cost_nano) from rollup_call_days where model = 'two' limit 1") == "integer"
    (step,) = db.report("cost_by_step")
    assert (step["calls"], step["unpriced_calls"], step["cost"]) == (11, 2, 8 * 9.1e9 + 0.25)
    for name in ("cost_by_step", "cost_by_story", "cost_of_failures"):
        db.report(name, since="2026-03-01")
    db.report("cost_forecast")
    assert examine(db.path) == []
    path.write_text(path.read_text(encoding="utf-8") + "draft,acme,two,2026-03-09,9.1e9\n", encoding="utf-8")
    db.ingest(path)
    prune(db.path, date(2026, 4, 1))
    assert examine(db.path) == []


def test_a_bill_that_no_integer_holds_covers_no_call(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "plain.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as source:
        source.executescript(PLAIN)
        source.execute(
            "insert into calls (provider, model, called_at, cost) values ('acme', 'own', '2026-03-01T10:00:00Z', null)"
        )
    db.ingest(path)
    change(
        db.path,
        "insert into calls (source_id, source_key, input_id, provider, called_at, calls, cost)"
        " values (1, 'bill', 1, 'acme', '2026-03-01T23:00:00Z', 0, 5)",
    )
    assert db.one("select sum(unpriced_calls) from priced_calls") == 0
    change(db.path, "update calls set cost = 1e10 where calls = 0")
    assert db.one("select sum(unpriced_calls) from priced_calls") == 1
