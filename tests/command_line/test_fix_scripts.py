"""Fix scripts on copies of the sources: the findings are gone, nothing else is, and a rollback puts all back."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.command_line import ok, storyreport
from helpers.report_database import ReportDatabase, ask, change
from helpers.tracker import Tracker

Rows = dict[str, set[tuple[Any, ...]]]
# Source, kind, the report, and by table the rows that the script is to delete (-), add (+) or change (=): SQL on the
# source itself, written without a look at the scripts.
NO_WORKFLOW = "workflow_id is not null and workflow_id not in (select id from workflows)"
OLD = "status in ('completed', 'failed') and coalesce(completed_at, updated_at) < datetime('now', '-30 days')"
OF_OLD = f"workflow_id in (select id from workflows where {OLD})"
CASES = {
    "movies, orphans": (
        "moviemaker.db",
        "orphans",
        "orphans",
        {
            "generated_files": ("-", NO_WORKFLOW),
            "scenes": ("-", NO_WORKFLOW),
            "generation_progress": ("-", NO_WORKFLOW),
            "api_usage": ("-", NO_WORKFLOW),
        },
    ),
    "movies, cleanup": (
        "moviemaker.db",
        "cleanup",
        "cleanup_candidates",
        {
            "workflows": ("-", OLD),
            "generated_files": ("-", OF_OLD),
            "scenes": ("-", OF_OLD),
            "generation_progress": ("-", OF_OLD),
            "api_usage": ("-", OF_OLD),
        },
    ),
    "movies, stuck": (
        "moviemaker.db",
        "stuck",
        "stuck_runs",
        {"workflows": ("=", "lower(status) = 'active' and updated_at < datetime('now', '-1 hour')")},
    ),
    "games, orphans": (
        "adventure.db",
        "orphans",
        "orphans",
        {
            "story_jobs": ("=", "story_id is not null and story_id not in (select id from stories)"),
            "story_nodes": ("-", "story_id is not null and story_id not in (select id from stories)"),
        },
    ),
    "games, stuck": (
        "adventure.db",
        "stuck",
        "stuck_runs",
        {
            "story_jobs": (
                "=",
                "lower(trim(status)) = 'processing' and created_at < datetime('now', '-1 hour')"
                " or lower(trim(status)) = 'pending' and created_at < datetime('now', '-1 day')",
            )
        },
    ),
    # Which of its rows are silent, their events say: that is the report's matter.
    "sprint, stuck": ("sprint-runner.db", "stuck", "stuck_runs", {}),
    "tracker, orphans": ("storyteller/data/pipeline_stories.db", "orphans", "orphans", {}),
    "tracker, stuck": (
        "storyteller/data/pipeline_stories.db",
        "stuck",
        "stuck_runs",
        {
            "step_status": (
                "=",
                "status = 'running' and started_at < datetime('now', 'localtime', '-1 hour')"
                " or status = 'pending' and created_at < datetime('now', '-1 day')",
            )
        },
    ),
}


def all_rows(path: Path) -> Rows:
    """Every row of every table."""
    tables = [name for (name,) in ask(path, "select name from sqlite_master where type = 'table'")]
    return {table: set(ask(path, f'select * from "{table}"')) for table in tables if table != "sqlite_sequence"}


def run(path: Path, script: Path) -> None:
    """Run a script as the owner would."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))


def written(folder: Path, kind: str, *arguments: str) -> tuple[Path, Path]:
    """The scripts of a kind for the source `copy`."""
    ok("fix-script", kind, "--source", "copy", "--db", folder / "report.db", *arguments, cwd=folder)
    return folder / f"copy-database-{kind}.sql", folder / f"copy-database-{kind}-rollback.sql"


@pytest.mark.parametrize("case", CASES)
def test_findings_are_gone(case: str, demo_folder: Path, db: ReportDatabase, tmp_path: Path) -> None:
    """Only the rows that are meant have changed."""
    place, kind, report, meant = CASES[case]
    copy = Path(shutil.copy(demo_folder / place, tmp_path / "copy.db"))
    # The script compares with now, too: what is meant is found before.
    expected = {
        table: (how, set(ask(copy, f"select * from {table} where {which}"))) for table, (how, which) in meant.items()
    }
    assert any(rows for _, rows in expected.values()) or not meant
    db.ingest(copy, name="copy")
    assert db.report(report)
    before = all_rows(copy)
    fix, rollback = written(tmp_path, kind)
    run(copy, fix)
    after = {table: rows for table, rows in all_rows(copy).items() if not table.startswith("storyreport_")}
    for table in before if meant else ():
        how, rows = expected.get(table, ("", set()))
        assert before[table] - after[table] == rows, table
        assert len(after[table] - before[table]) == (len(rows) if how == "=" else 0), table
    db.ingest(copy, name="copy")
    assert db.report(report) == []
    run(copy, rollback)
    assert all_rows(copy) == before


def test_stories_are_registered(tracker: Tracker, db: ReportDatabase, tmp_path: Path) -> None:
    """As the tracker's own guide does; their steps stay as they are."""
    tracker.register("HERE")
    tracker.end("HERE", "01_ingest", "run-1", 100)
    tracker.end("O'LOST", "01_ingest", "run-2", 100)
    db.ingest(tracker.path, name="copy")
    fix, _ = written(tmp_path, "orphans")
    run(tracker.path, fix)
    assert ask(tracker.path, "select story_id, source from stories order by 1")[1] == ("O'LOST", "retroactive")
    assert ask(tracker.path, "select count(*) from step_history") == [(2,)]
    db.ingest(tracker.path, name="copy")
    assert db.report("orphans") == []


def test_a_row_that_has_changed_is_left_alone(movies: Path, db: ReportDatabase, tmp_path: Path) -> None:
    """Work that went on after the report, and an owner that came back."""
    change(
        movies,
        "update workflows set updated_at = '2026-03-02 10:05:00', status = 'active' where id = 'w2'",
        "insert into api_usage (id, workflow_id, api_provider) values (90, 'lost', 'x'), (91, 'back', 'x')",
    )
    db.ingest(movies, name="copy")
    stuck, _ = written(tmp_path, "stuck")
    orphans, _ = written(tmp_path, "orphans")
    change(
        movies,
        "update workflows set updated_at = datetime('now') where id = 'w2'",
        "insert into workflows (id, status) values ('back', 'completed')",
    )
    run(movies, stuck)
    run(movies, orphans)
    assert ask(movies, "select status from workflows where id = 'w2'") == [("active",)]
    assert ask(movies, "select id from api_usage where id >= 90") == [(91,)]


def test_status_words(games: Path, db: ReportDatabase, tmp_path: Path) -> None:
    """In the service's own word; an unknown one where its meaning is given. By hand: of five, four differ.

    The rollback leaves alone the one that has gone on since.
    """
    db.ingest(games, name="copy")
    fix, rollback = written(tmp_path, "statuses", "--status", "meditating=running")
    run(games, fix)
    words = "select job_id, status from story_jobs order by id"
    assert [word for _, word in ask(games, words)] == ["completed", "failed", "processing", "pending", "processing"]
    db.ingest(games, name="copy")
    assert db.one("select count(*) from unknown_statuses") == 0
    change(games, "update story_jobs set status = 'failed' where id = 5")
    run(games, rollback)
    assert [word for _, word in ask(games, words)] == ["Completed", " FAILED ", "processing", "PENDING", "failed"]


def test_each_attempt_of_a_step_has_its_own_word(tracker: Tracker, db: ReportDatabase, tmp_path: Path) -> None:
    """Their keys are one: a failed attempt does not become a completed one."""
    tracker.register("A")
    for run_id, word in (("r1", "COMPLETED"), ("r2", "All Done"), ("r3", "FAILED")):
        tracker.end("A", "01_ingest", run_id, 100, status=word)
        tracker.clock(hours=1)
    db.ingest(tracker.path, name="copy")
    fix, rollback = written(tmp_path, "statuses", "--status", "all_done=completed")
    words = "select status from step_history order by id"
    run(tracker.path, fix)
    assert ask(tracker.path, words) == [("completed",), ("completed",), ("failed",)]
    run(tracker.path, rollback)
    assert ask(tracker.path, words) == [("COMPLETED",), ("All Done",), ("FAILED",)]


def test_nothing_is_overwritten_or_made_up(games: Path, db: ReportDatabase, tmp_path: Path) -> None:
    """Unknown sources and kinds, and a script that is there already, are sentences."""
    db.ingest(games, name="copy")
    written(tmp_path, "statuses")
    wrong = {
        ("statuses", "copy"): "copy-database-statuses.sql exists: it may be needed for a rollback; move it away first.",
        ("statuses", "none"): "There is no source 'none': there are copy.",
        ("chapters", "copy"): "There is no script 'chapters' for 'copy'",
    }
    for (kind, source), sentence in wrong.items():
        done = storyreport("fix-script", kind, "--source", source, "--db", db.path, cwd=tmp_path)
        assert done.returncode != 0
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
    assert ok("fix-script", "orphans", "--source", "copy", "--db", db.path, cwd=tmp_path) == "nothing to fix\n"
