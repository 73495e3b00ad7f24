"""Detail that pruning keeps because a run, a story or a report still refers to it."""

import json
from datetime import date
from pathlib import Path

from helpers import DATA
from helpers.command_line import storyreport
from helpers.histories import PLAIN, past
from helpers.report_database import ReportDatabase, change
from helpers.sprint import NOON as NOON_EPOCH
from helpers.sprint import add_batch, add_commands, add_events, add_story
from helpers.workflow import add_run

from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune


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
