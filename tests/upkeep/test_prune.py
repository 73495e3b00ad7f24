"""Pruning removes old detail and nothing else: what reports say of the past and of now stays, then and afterwards."""

import json
import sqlite3
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import DATA
from helpers.command_line import storyreport
from helpers.everything import NOW, answers
from helpers.histories import PLAIN, past
from helpers.report_database import ReportDatabase, ask, change
from helpers.sprint import NOON as NOON_EPOCH
from helpers.sprint import add_batch, add_commands, add_events, add_story
from helpers.tracker import NOON, Tracker
from helpers.workflow import add_run

from storyreport.demo import write_sources
from storyreport.errors import StoryreportError
from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune

DETAIL = ("step_runs", "events", "calls", "log_events")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The demo's sources, one of each system."""
    return write_sources(tmp_path_factory.mktemp("all"), NOW)


def days_before(days: int) -> date:
    """A day before the one that trackers begin on."""
    return (NOON - timedelta(days=days)).date()


@pytest.fixture
def old_and_new(db: ReportDatabase, tracker: Tracker) -> ReportDatabase:
    """Stories that ended long ago, one that is still worked on, one that fails, one that is open; and a new one."""
    tracker.clock(days=-100)
    for story in ("OLD-1", "OLD-2", "LONG", "FAILING", "OPEN"):
        tracker.register(story)
    tracker.end("OLD-1", "01_ingest", "run-1", 100, "failed", "Boom 1")
    tracker.end("OLD-1", "01_ingest", "run-1", 200)
    tracker.end("OLD-2", "01_ingest", "run-2", 300)
    tracker.end("LONG", "01_ingest", "run-3", 400)
    tracker.end("FAILING", "01_ingest", "run-4", 500, "failed", "Boom 2")
    tracker.end("OPEN", "01_ingest", "run-5", 600)
    tracker.start("OPEN", "02_preprocess", "run-5")
    tracker.end("LOST", "01_ingest", "run-6", 700)
    tracker.clock(days=100)
    tracker.end("LONG", "02_preprocess", "run-3", 800)
    tracker.register("NEW")
    tracker.end("NEW", "01_ingest", "run-7", 900)
    db.ingest(tracker.path)
    return db


def attempts(db: ReportDatabase) -> list[str]:
    """The attempts that the report database knows, by their keys in the source."""
    return [key for (key,) in db.sql("select source_key from step_runs order by 1")]


def test_what_goes_and_what_stays(old_and_new: ReportDatabase) -> None:
    """What is over goes; a story that is worked on, fails, is open or points at nothing stays whole."""
    db = old_and_new
    pruned = prune(db.path, days_before(30))
    assert pruned.rows == {("studio", "step_runs"): 3}
    assert attempts(db) == [
        "FAILING/01_ingest/1",
        "LONG/01_ingest/1",
        "LONG/02_preprocess/1",
        "LOST/01_ingest/1",
        "NEW/01_ingest/1",
        "OPEN/01_ingest/1",
        "OPEN/02_preprocess/1",
    ]
    assert db.sql("select source_key from stories where pruned_at is not null order by 1") == [("OLD-1",), ("OLD-2",)]
    assert db.one("select count(*) from stories") == 6
    assert db.one("select count(*) from runs") == 7
    assert db.one("select detail_since from source_states") == days_before(30).isoformat()
    steps = {row["step"]: row for row in db.report("slowest_steps")}
    assert (steps["01_ingest"]["executions"], steps["01_ingest"]["total_ms"]) == (8, 200 + 300 + 400 + 600 + 700 + 900)
    (flaky,) = [row for row in db.report("flaky_steps") if row["step"] == "01_ingest"]
    assert (flaky["retried"], flaky["recovered"]) == (1, 1)
    assert examine(db.path) == []


def test_ingesting_afterwards(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """Unchanged is unchanged, a new row comes alone, a late one is left out, and --full brings nothing back."""
    db = old_and_new
    rows = db.one("select rows from source_states")
    prune(db.path, days_before(30))
    kept = attempts(db)
    # Three attempts, and the tracker's verdicts on the two that were the last of their steps.
    assert db.one("select rows from source_states") == rows - 5
    assert db.ingest(tracker.path).unchanged

    tracker.end("NEW", "02_preprocess", "run-7", 1000)
    outcome = db.ingest(tracker.path)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (1, 0, 0)
    assert attempts(db) == sorted([*kept, "NEW/02_preprocess/1"])

    before = {name: db.report(name) for name in ("slowest_steps", "failure_rates", "flaky_steps", "throughput")}
    tracker.clock(days=-90)
    tracker.end("NEW", "03_generate", "run-late", 1)
    tracker.clock(days=90)
    outcome = db.ingest(tracker.path)
    assert outcome.counts.left_out > 0
    assert {row["step"] for row in db.report("slowest_steps")} == {"01_ingest", "02_preprocess"}
    outcome = db.ingest(tracker.path, full=True)
    assert outcome.counts.left_out == 3 + 1
    assert attempts(db) == sorted([*kept, "NEW/02_preprocess/1"])
    throughput = before.pop("throughput")
    assert {name: db.report(name) for name in before} == before
    assert len(db.report("throughput")) >= len(throughput)
    assert examine(db.path) == []
    assert db.ingest(tracker.path).unchanged


def test_a_closed_day_stays_as_it_is(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """What is left of a day is read again once it changes, and what the day adds up to is not computed from it."""
    db = old_and_new
    prune(db.path, days_before(30))
    until = days_before(31).isoformat()
    before = db.report("slowest_steps", until=until)
    change(tracker.path, "update step_history set execution_time_ms = 99 where story_id = 'LONG'")
    assert db.ingest(tracker.path, full=True).counts.updated == 2
    assert db.report("slowest_steps", until=until) == before
    (whole,) = [row for row in db.report("slowest_steps") if row["step"] == "01_ingest"]
    assert (whole["executions"], whole["total_ms"]) == (8, 3100)
    assert examine(db.path) == []


def test_an_old_story_that_comes_back(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """What is done for a story again counts from then on, and what it was before stays counted."""
    db = old_and_new
    prune(db.path, days_before(30))
    tracker.end("OLD-2", "02_preprocess", "run-8", 50, "failed", "Boom 3")
    db.ingest(tracker.path)
    assert "OLD-2/02_preprocess/1" in attempts(db)
    assert "OLD-2/01_ingest/1" not in attempts(db)
    steps = {row["step"]: row["executions"] for row in db.report("failure_rates")}
    assert steps == {"01_ingest": 8, "02_preprocess": 2}
    (failed,) = [row for row in db.report("failed_stories") if row["story"] == "OLD-2"]
    assert failed["error"] == "Boom 3"
    assert [row for row in db.report("pending_stories") if row["story"] == "OLD-2"] == []
    assert examine(db.path) == []


@pytest.fixture
def calls(db: ReportDatabase, tmp_path: Path) -> Path:
    """Calls of a year: of stories and runs that failed, of nothing at all, and one bill."""
    path = tmp_path / "plain.db"
    change(
        path,
        *PLAIN.split(";"),
        """
        insert into step_runs (run, story, step, status, ended_at, error) values
            ('r1', 'A', 'plan', 'failed', '2025-05-01T10:00:00Z', 'Boom 7'),
            ('r1', 'A', 'plan', 'completed', '2025-05-01T11:00:00Z', null),
            ('r2', 'B', 'plan', 'completed', '2025-05-01T10:00:00Z', null)
        """,
        """
        insert into calls (run, story, step, provider, model, called_at, error, input_tokens, cost, currency) values
            ('r1', 'A', 'plan', 'acme', 'one', '2025-05-01T10:00:00Z', 'Boom 8', 10, 0.25, 'USD'),
            ('r1', 'A', 'plan', 'acme', 'one', '2025-05-01T10:00:00Z', null, 20, 0.5, 'USD'),
            ('r2', 'B', null, 'acme', 'two', '2025-05-01T10:00:00Z', null, 40, null, null),
            (null, null, null, 'acme', 'two', '2025-05-02T10:00:00Z', null, 80, 1.0, 'EUR'),
            (null, null, null, 'acme', 'two', null, null, 160, 2.0, 'EUR')
        """,
    )
    db.ingest(path)
    return path


def test_what_was_spent_stays_known(db: ReportDatabase, calls: Path) -> None:
    """Costs by day, step, story and failed run are those of all calls; of a story they grow on."""
    before = past(db)
    assert prune(db.path, date(2026, 1, 1)).rows == {("plain", "step_runs"): 3, ("plain", "calls"): 4}
    assert past(db) == before
    assert db.sql("select sum(cost_nano), sum(unpriced_calls) from rollup_story_calls") == [(750_000_000, 1)]

    change(
        calls,
        "insert into calls (run, story, step, provider, model, called_at, cost, currency)"
        " values ('r9', 'A', 'plan', 'acme', 'one', '2026-02-01T10:00:00Z', 4, 'USD')",
    )
    db.ingest(calls)
    spent = {(row["story"], row["currency"]): row["cost"] for row in db.report("cost_by_story")}
    assert spent["A", "USD"] == 4.75
    some = db.report("cost_by_story", since="2025-05-01", until="2025-05-01", story="A")
    assert [(row["calls"], row["cost"]) for row in some] == [(2, 0.75)]
    assert examine(db.path) == []


def test_the_first_day_with_detail_goes_on(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """What ends on the day that pruning stopped at, and is found later, counts; what ends the day before does not."""
    db = old_and_new
    prune(db.path, days_before(30))
    executions = {}
    for days in (30, 31):
        tracker.clock(days=-days)
        tracker.register(f"LATE-{days}")
        tracker.end(f"LATE-{days}", "01_ingest", f"run-{days}", 50)
        tracker.clock(days=days)
        db.ingest(tracker.path)
        day = days_before(days).isoformat()
        executions[days] = [row["executions"] for row in db.report("failure_rates", since=day, until=day)]
        assert len(db.report("slowest_steps", since=day, until=day)) == len(executions[days])
    assert executions == {30: [1], 31: []}
    assert examine(db.path) == []


def test_bills_outlive_what_they_cover(db: ReportDatabase, tmp_path: Path) -> None:
    """A call that stays, for its story is worked on, is still billed: it gets no estimate and is not unpriced."""
    path = tmp_path / "calls.csv"
    header = "id,story,provider,model,called_at,input_tokens,output_tokens,cost,calls\n"
    rows = (
        "paid,A,openai,gpt-4o,2025-05-01T10:00:00Z,1000000,0,,1\n"
        "over,B,openai,gpt-4o,2025-05-01T11:00:00Z,1000000,0,,1\n"
        "bill,,openai,,2025-05-01T00:00:00Z,,,7.5,0\n"
        "new,A,openai,gpt-4o,2026-02-01T10:00:00Z,,,0.25,1\n"
    )
    path.write_text(header + rows, encoding="utf-8")
    db.ingest(path)
    before = past(db)
    assert prune(db.path, date(2026, 1, 1)).rows == {("calls", "calls"): 1}
    assert db.sql("select source_key from calls order by 1") == [("bill",), ("new",), ("paid",)]
    assert storyreport("reprice", "--db", db.path, cwd=tmp_path).returncode == 0
    assert past(db) == before

    path.write_text(header + rows + "newer,A,openai,gpt-4o,2026-02-02T10:00:00Z,,,0.5,1\n", encoding="utf-8")
    db.ingest(path)
    assert [(row["calls"], row["cost"], row["unpriced_calls"]) for row in db.report("cost_by_story", story="A")] == [
        (3, 0.75, 0)
    ]
    assert sum(row["cost"] or 0 for row in db.report("cost")) == 7.5 + 0.75
    assert examine(db.path) == []


def test_a_later_pruning_of_less_keeps_what_is_frozen(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """What had to stay goes once it is over, and the days that were pruned before stay pruned."""
    db = old_and_new
    prune(db.path, days_before(30))
    change(tracker.path, "update step_history set status = 'completed' where story_id = 'FAILING'")
    change(tracker.path, "update step_status set status = 'completed' where story_id = 'FAILING'")
    db.ingest(tracker.path, full=True)
    assert prune(db.path, days_before(60)).rows == {("studio", "step_runs"): 1}
    assert "FAILING/01_ingest/1" not in attempts(db)
    assert db.one("select detail_since from source_states") == days_before(30).isoformat()
    assert examine(db.path) == []


def test_a_log_line_keeps_its_run(db: ReportDatabase, tales: Path, tmp_path: Path) -> None:
    """Steps of long ago stay while the log still speaks of their run, though it names no story."""
    for run, story in (("r1", "A"), ("r2", "B")):
        add_run(tales, run, story, "completed", 9, ("write_outline", "completed"))
    db.ingest(tales)
    line = {"level": "info", "message": "Done", "timestamp": "2026-03-09T09:00:00Z", "runId": "r1"}
    (tmp_path / "tales.log").write_text(json.dumps(line) + "\n", encoding="utf-8")
    db.ingest(tmp_path / "tales.log", name="tales")
    assert prune(db.path, date(2026, 3, 5)).rows == {("tales", "step_runs"): 1}
    kept = {run: [row["step"] for row in db.report("run_timeline", run=run)] for run in ("r1", "r2")}
    assert kept == {"r1": ["write_outline"], "r2": []}


def test_a_call_keeps_its_run(db: ReportDatabase, tmp_path: Path) -> None:
    """Steps of long ago stay while calls are made in their run, though neither has a story."""
    path = tmp_path / "plain.db"
    change(
        path,
        *PLAIN.split(";"),
        "insert into step_runs (run, step, status, ended_at) values"
        " ('r1', 'plan', 'completed', '2026-03-01'), ('r2', 'plan', 'completed', '2026-03-01')",
        "insert into calls (run, provider, called_at, cost) values ('r1', 'acme', '2026-03-09', 1)",
    )
    db.ingest(path)
    assert prune(db.path, date(2026, 3, 5)).rows == {("plain", "step_runs"): 1}
    kept = {run: [row["step"] for row in db.report("run_timeline", run=run)] for run in ("r1", "r2")}
    assert kept == {"r1": ["plan"], "r2": []}


def test_an_event_keeps_its_story(db: ReportDatabase, runner: Path) -> None:
    """Commands of long ago stay while another batch has events of their story."""
    add_batch(runner, 1, "completed", NOON_EPOCH, str(NOON_EPOCH + 600))
    for number, key in enumerate(("1-1", "1-2"), 1):
        add_story(runner, number, 1, key, "done")
        add_commands(runner, number, "completed")
    week = 7 * 86_400
    add_batch(runner, 2, "completed", NOON_EPOCH + week, str(NOON_EPOCH + week + 600))
    add_events(runner, (week, "1-1", "review", "", "info"), batch=2)
    change(runner, f"update stories set ended_at = {NOON_EPOCH + 600}")
    db.ingest(runner)
    assert prune(db.path, date(2026, 3, 14)).rows == {("runner", "step_runs"): 1}
    kept = {run: [row["step"] for row in db.report("run_timeline", run=run)] for run in ("story/1", "story/2")}
    assert kept == {"story/1": ["dev/task0"], "story/2": []}


def test_an_update_keeps_its_story(db: ReportDatabase, tales: Path) -> None:
    """Steps of long ago stay while their source still changes their story."""
    change(tales, "alter table stories add column updated_at text")
    for run, story in (("r1", "A"), ("r2", "B")):
        change(tales, f"insert into stories values ('{story}', 'Tale', 2, 'draft', '2026-03-01', '2026-03-01')")
        change(
            tales,
            "insert into story_generation_runs (run_id, story_id, status, started_at, ended_at)"
            f" values ('{run}', '{story}', 'completed', '2026-03-01', '2026-03-01')",
            "insert into story_generation_steps (run_id, step_name, status, started_at, ended_at)"
            f" values ('{run}', 'write_outline', 'completed', '2026-03-01', '2026-03-01')",
        )
    change(tales, "update stories set updated_at = '2026-03-05' where story_id = 'A'")
    db.ingest(tales)
    assert prune(db.path, date(2026, 3, 5)).rows == {("tales", "step_runs"): 1}
    kept = {run: [row["step"] for row in db.report("run_timeline", run=run)] for run in ("r1", "r2")}
    assert kept == {"r1": ["write_outline"], "r2": []}


def test_warnings_are_remembered_with_their_times(db: ReportDatabase, tales: Path, tmp_path: Path) -> None:
    """What a run warned of before and after a pruning adds up, from the first time to the last."""
    lines = [
        {"level": "warn", "message": "Slow", "timestamp": f"2026-03-01T09:0{minute}:00Z", "runId": "r1"}
        for minute in (1, 5)
    ]
    path = tmp_path / "tales.log"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    add_run(tales, "r1", "A", "completed", 9, ("write_outline", "completed"))
    db.ingest(tales)
    db.ingest(path, name="tales")
    (before,) = db.report("repeated_warnings")
    assert (before["first_seen"], before["last_seen"]) == ("2026-03-01T09:01:00.000Z", "2026-03-01T09:05:00.000Z")
    assert prune(db.path, date(2026, 3, 5)).rows[("tales", "log_events")] == 2
    assert examine(db.path, repair=True) == []
    assert db.report("repeated_warnings") == [before]
    path.write_text(json.dumps({**lines[0], "timestamp": "2026-03-06T09:00:00Z"}) + "\n", encoding="utf-8")
    db.ingest(path, name="tales")
    assert db.report("repeated_warnings") == [{**before, "occurrences": 3, "last_seen": "2026-03-06T09:00:00.000Z"}]


def test_every_system(sources: list[Path], tmp_path: Path) -> None:
    """Of each system detail goes, no report says anything else, and reading all of it again changes nothing."""
    db = ReportDatabase(tmp_path)
    for source in sources:
        db.ingest(source)
    before, days = answers(db), past(db)
    since = NOW.date() - timedelta(days=13)
    would = prune(db.path, since, dry_run=True)
    assert (answers(db), would.rows) == (before, prune(db.path, since).rows)
    assert len({source for source, _ in would.rows}) == len(sources)
    assert {table for _, table in would.rows} == set(DETAIL)
    assert (answers(db), past(db)) == (before, days)
    assert examine(db.path) == []
    for source in sources:
        assert db.ingest(source).unchanged
        counts = db.ingest(source, full=True).counts
        assert (counts.written, counts.rejected) == (0, 0)
        assert counts.left_out > 0
    left = answers(db)
    assert {name for name in left if left[name] != before[name]} == {"ingests"}
    assert examine(db.path) == []


def test_pruning_twice(old_and_new: ReportDatabase) -> None:
    """A second pruning goes on from the first; one of less changes nothing."""
    db = old_and_new
    prune(db.path, days_before(150))
    assert db.one("select detail_since from sources") is None
    prune(db.path, days_before(30))
    assert prune(db.path, days_before(60)).rows == {}
    assert db.one("select detail_since from sources") == days_before(30).isoformat()
    rows = prune(db.path, days_before(-1)).rows
    assert rows == {("studio", "step_runs"): 3}
    assert attempts(db) == ["FAILING/01_ingest/1", "LOST/01_ingest/1", "OPEN/01_ingest/1", "OPEN/02_preprocess/1"]
    assert examine(db.path) == []


def test_the_file_gets_smaller(db: ReportDatabase, tracker: Tracker) -> None:
    """The space is given back at once, about as much as the dry run said, and the dry run writes nothing."""
    tracker.fill(20_000)
    db.ingest(tracker.path)
    content, size = db.path.read_bytes(), db.path.stat().st_size
    would = prune(db.path, date(2026, 1, 1), dry_run=True)
    assert db.path.read_bytes() == content
    done = prune(db.path, date(2026, 1, 1))
    assert done.rows == would.rows
    assert db.path.stat().st_size == size - done.size_bytes
    assert size / 4 < done.size_bytes < size
    assert done.size_bytes / 2 < would.size_bytes < done.size_bytes * 2
    assert ask(db.path, "pragma integrity_check") == [("ok",)]


def test_no_space(old_and_new: ReportDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk has no room for a copy, nothing is removed."""
    db = old_and_new
    before = attempts(db)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(StoryreportError, match="nothing was changed"):
        prune(db.path, days_before(30))
    assert attempts(db) == before
    assert db.one("select detail_since from sources") is None


def test_the_command(db: ReportDatabase, tracker: Tracker, tmp_path: Path) -> None:
    """It says what goes, from which source, before which day; the list of sources says since when detail is there."""
    tracker.now = datetime.now(timezone.utc) - timedelta(days=20)
    tracker.register("A")
    tracker.end("A", "01_ingest", "run-1", 100)
    tracker.clock(days=20)
    tracker.register("B")
    tracker.end("B", "01_ingest", "run-2", 100)
    db.ingest(tracker.path)
    day = (datetime.now(timezone.utc) - timedelta(days=14)).date()

    done = storyreport("prune", "--older-than", "2w", "--dry-run", "--db", db.path, cwd=tmp_path)
    assert done.stdout.splitlines()[0] == f"studio: 1 step runs from before {day} would be deleted"
    assert attempts(db) == ["A/01_ingest/1", "B/01_ingest/1"]
    done = storyreport("prune", "--older-than", "14d", "--db", db.path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"studio: 1 step runs from before {day} deleted"
    assert attempts(db) == ["B/01_ingest/1"]
    done = storyreport("prune", "--older-than", "14d", "--db", db.path, cwd=tmp_path)
    assert done.stdout == f"nothing from before {day} deleted\n"
    done = storyreport("sources", "--format", "csv", "--db", db.path, cwd=tmp_path)
    assert done.stdout.splitlines()[0].endswith("locations,detail_since")
    assert done.stdout.splitlines()[1].endswith(f",{day}")
    done = storyreport("ingest", tracker.path, "--full", "--db", db.path, cwd=tmp_path)
    assert ", 0 rejected, 1 pruned before and skipped in " in done.stdout


@pytest.mark.parametrize("age", ["365", "d", "0d", "-1d", "1.5y", "12m", "99999d", "9999y", ""])
def test_an_age_that_is_none(age: str, tmp_path: Path) -> None:
    """Only days, weeks and years are taken: a month or a minute could be meant by m."""
    done = storyreport("prune", f"--older-than={age}", cwd=tmp_path)
    assert done.returncode == 2
    assert "is not an age; use e.g. 365d, 52w or 2y" in done.stderr


def test_a_killed_prune(old_and_new: ReportDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is interrupted has changed nothing."""
    db = old_and_new
    before = [db.sql(f"select * from {table}") for table in ("step_runs", "stories", "runs", "sources", "inputs")]

    def fail(connection: sqlite3.Connection, table: str) -> None:
        if table == "log_events":
            raise KeyboardInterrupt

    monkeypatch.setattr("storyreport.upkeep.prune._lower_watermarks", fail)
    with pytest.raises(KeyboardInterrupt):
        prune(db.path, days_before(30))
    assert before == [
        db.sql(f"select * from {table}") for table in ("step_runs", "stories", "runs", "sources", "inputs")
    ]


def test_the_first_day_with_detail_is_not_frozen(db: ReportDatabase, tracker: Tracker) -> None:
    """All of that day's rows are there, so that what changes on it counts; the day before stays as it is."""
    tracker.clock(days=-10)
    tracker.register("A")
    tracker.end("A", "01_ingest", "run-1", 100)
    tracker.clock(days=1)
    tracker.register("B")
    tracker.end("B", "01_ingest", "run-2", 200)
    tracker.clock(days=9)
    tracker.register("C")
    tracker.end("C", "01_ingest", "run-3", 300)
    db.ingest(tracker.path)
    prune(db.path, days_before(9))
    assert attempts(db) == ["B/01_ingest/1", "C/01_ingest/1"]
    change(tracker.path, "update step_history set execution_time_ms = 250 where story_id = 'B'")
    db.ingest(tracker.path, full=True)
    days = db.sql("select day, total_ms from rollup_step_days where executions > 0 order by 1")
    assert days == [
        (days_before(10).isoformat(), 100),
        (days_before(9).isoformat(), 250),
        (days_before(0).isoformat(), 300),
    ]
    assert examine(db.path) == []


def test_a_bill_is_not_pruned(db: ReportDatabase, tmp_path: Path) -> None:
    """It is what the calls of its day cost, whenever they are priced again."""
    path = tmp_path / "costs.jsonl"
    path.write_bytes((DATA / "openai_usage--costs.jsonl").read_bytes())
    db.ingest(path)
    bills = "select count(*), sum(cost) from calls where calls = 0 and cost is not null"
    before = db.sql(bills)
    assert before[0][0] > 0
    assert prune(db.path, date(2030, 1, 1)).rows == {}
    assert db.sql(bills) == before
