"""A story that runs, steps or calls name and its source does not have can be looked up, and is marked as missing."""

from datetime import date
from pathlib import Path

import pytest
from helpers.adventure import TABLES
from helpers.report_database import ReportDatabase, change, pairs
from helpers.sprint import NOON
from helpers.workflow import RUNS

from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune

USAGE = """create table token_usage_tracking (
    token_usage_id text primary key, story_id text, action text, ai_model text, input_tokens integer,
    output_tokens integer, estimated_cost_in_euros real, created_at text)"""


def call(key: str, story: str, euros: float, day: int = 1) -> str:
    """A call about a story."""
    values = f"'{key}', '{story}', 'write', 'm', 10, 5, {euros}, '2026-01-{day:02}'"
    return f"insert into token_usage_tracking values ({values})"


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service with the story `here`, and with a run, a step and calls of `lost`, `lost-2` and `lost-3`."""
    path = tmp_path / "service.db"
    change(
        path,
        *RUNS.split(";"),
        USAGE,
        "insert into stories values ('here', 'Known', 5, 'draft', '2026-01-01')",
        """insert into story_generation_runs values
            ('r1', 'lost', 'running', 'write', null, null, '2026-01-01', null, '2026-01-01', '2026-01-01')""",
        """insert into story_generation_runs values
            ('r2', 'lost-2', 'failed', 'write', null, 'no', '2026-01-02', '2026-01-03', '2026-01-02', '2026-01-03')""",
        """insert into story_generation_steps values
            ('r2', 'outline', 'completed', '2026-01-02', '2026-01-02 00:05:00', '2026-01-02', '2026-01-02')""",
        call("t1", "lost", 5.0),
        call("t2", "lost", 2.0, day=9),
        call("t3", "lost-3", 0.5),
        call("t4", "here", 1.0),
    )
    return path


def test_reports_of_one_story(db: ReportDatabase, service: Path) -> None:
    """Its runs are listed, and its status says that it is missing; a step of its run is a step of it."""
    db.ingest(service)
    assert pairs(db.report("story_runs", story="lost"), "run", "status") == [("r1", "running")]
    assert pairs(db.report("story_status", story="lost"), "title", "status") == [("(missing)", "missing")]
    assert pairs(db.report("story_status", story="lost-2"), "title", "step", "status") == [
        ("(missing)", "outline", "completed")
    ]
    assert pairs(db.report("story_attempts", story="lost-2"), "step", "run") == [("outline", "r2")]
    assert pairs(db.report("story_status", story="lost-3"), "title", "status") == [("(missing)", "missing")]
    assert pairs(db.report("story_status", story="here"), "title", "status") == [("Known", None)]
    assert db.report("story_status", story="nowhere") == []
    assert db.report("story_status", story="lost", source="other") == []


def test_search(db: ReportDatabase, service: Path) -> None:
    """A story is found by the beginning of its key, once, whatever names it."""
    db.ingest(service)
    assert pairs(db.report("find", name="lost"), "story", "status") == [
        ("lost", "missing"),
        ("lost-2", "missing"),
        ("lost-3", "missing"),
    ]
    assert pairs(db.report("find", name="lost-"), "story", "title") == [
        ("lost-2", "(missing)"),
        ("lost-3", "(missing)"),
    ]
    assert pairs(db.report("find", name="here"), "story", "status") == [("here", None)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [("lost", 7.0, "missing"), ("here", 1.0, None), ("lost-3", 0.5, "missing")]),
        ({"story": "lost"}, [("lost", 7.0, "missing")]),
        ({"since": "2026-01-02"}, [("lost", 2.0, "missing")]),
        ({"until": "2026-01-01"}, [("lost", 5.0, "missing"), ("here", 1.0, None), ("lost-3", 0.5, "missing")]),
        ({"since": "2026-01-02", "story": "lost-3"}, []),
        ({"limit": "1"}, [("lost", 7.0, "missing")]),
    ],
)
def test_cost(
    db: ReportDatabase, service: Path, given: dict[str, str], expected: list[tuple[str, float, str | None]]
) -> None:
    """Calls of missing stories cost as much as those of others: 5 + 2, 0.5 and 1."""
    db.ingest(service)
    assert pairs(db.report("cost_by_story", **given), "story", "cost", "status") == expected


def test_a_story_that_comes(db: ReportDatabase, service: Path) -> None:
    """Once the source has the story it is missing no more, and nothing counts twice."""
    db.ingest(service)
    change(
        service,
        "insert into stories values ('lost', 'Found', 5, 'draft', '2026-02-01')",
        "delete from stories where story_id = 'here'",
    )
    db.ingest(service)
    assert pairs(db.report("cost_by_story"), "story", "title", "cost") == [
        ("lost", "Found", 7.0),
        ("here", "Known", 1.0),  # deleted, not missing: the report knows its title
        ("lost-3", "(missing)", 0.5),
    ]
    assert examine(db.path) == []


def test_stories_that_were_not_read(db: ReportDatabase, service: Path) -> None:
    """Where only runs were read nothing is known to be missing."""
    change(service, "drop table stories")
    db.ingest(service)
    assert pairs(db.report("cost_by_story"), "story", "status")[0] == ("lost", "not read")
    assert db.report("orphans") == []


def test_pruned_calls_still_count(db: ReportDatabase, service: Path) -> None:
    """What the calls of a story that was not read did cost, is known when they are gone."""
    change(
        service, "drop table stories", "update story_generation_runs set status = 'completed', ended_at = started_at"
    )
    db.ingest(service)
    before = db.report("cost_by_story")
    prune(db.path, date(2026, 1, 9))
    assert db.one("select count(*) from calls") < 4
    assert db.report("cost_by_story") == before
    assert examine(db.path) == []


def test_an_empty_table_of_stories(db: ReportDatabase, tmp_path: Path) -> None:
    """It was read, and says that there are none: the story of every job is missing."""
    path = tmp_path / "game.db"
    change(
        path,
        *TABLES.split(";"),
        """insert into story_jobs values
            (1, 'j1', 's', 'sea', 'completed', 1, null, '2026-01-01 10:00:00', '2026-01-01 10:00:04'),
            (2, 'j2', 's', 'sea', 'failed', null, 'no', '2026-01-01 11:00:00', '2026-01-01 11:00:04')""",
    )
    db.ingest(path)
    assert pairs(db.report("orphans"), "kind", "key", "missing", "missing_key") == [("job", "j1", "story", "1")]
    (orphans,) = [row for row in db.report("health") if row["check"] == "orphans"]
    assert (orphans["status"], orphans["count"]) == ("warning", 1)
    (story,) = [row for row in db.report("run_diagnosis", run="j1") if row["check"] == "story"]
    assert story["detail"] == "Story 1 is missing in game."


def test_an_empty_key_refers_to_nothing(db: ReportDatabase, service: Path, runner: Path) -> None:
    """A call, a run, a command, a task and an event whose story or batch is empty miss nothing; the rest is missed."""
    change(
        service,
        call("t5", "", 3.0),
        """insert into story_generation_runs values
            ('r3', '', 'failed', 'write', null, 'no', '2026-01-02', '2026-01-03', '2026-01-02', '2026-01-03')""",
    )
    db.ingest(service)
    assert {row["missing_key"] for row in db.report("orphans")} == {"lost", "lost-2", "lost-3"}
    assert pairs(db.report("cost_by_story"), "story", "cost") == [("lost", 7.0), ("here", 1.0), ("lost-3", 0.5)]
    assert ("r3", None) in pairs(db.report("failed_runs"), "run", "story")
    change(
        runner,
        f"insert into commands values (1, '', 'dev', '', {NOON}, null, 'failed', null)",
        f"insert into events values (1, '', '', null, {NOON}, '', '', 'dev', '', 'note', null)",
        f"insert into background_tasks values (1, '', '', 'x', {NOON}, null, 'failed')",
    )
    db.ingest(runner)
    assert db.report("orphans", source="runner") == []
