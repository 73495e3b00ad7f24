"""What follows when a rollup is added, changed or removed."""

import contextlib
import re
import sqlite3

import pytest
from docs.generate import data_model
from helpers import ROOT, previous
from helpers.previous import examine
from helpers.report_database import ReportDatabase, ask, change
from helpers.rollup_files import RollupFiles
from helpers.serving import Served
from helpers.toy_rollup import TOY
from helpers.tracker import Tracker

from storyreport import schema
from storyreport.errors import StoryreportError


def toys(db: ReportDatabase, table: str = "rollup_toy_days") -> list[tuple[object, ...]]:
    return sorted(ask(db.path, f"select * from {table}"), key=str)


def test_a_new_rollup_is_one_file(rollup_files: RollupFiles, db: ReportDatabase) -> None:
    """A database of the previous version gets it filled, kept right, checked by doctor and shown with its words."""
    previous.write(db.path)
    rollup_files.write("toys/toy_days.sql", TOY)
    examine(db.path, repair=True)
    runs = "select day, source_id, kind, count(*), max(duration_ms) from runs group by 1, 2, 3"
    assert toys(db) == sorted(ask(db.path, runs), key=str)
    assert len(toys(db)) > 20
    whole = "select source_id, kind, count(*), max(duration_ms) from runs group by 1, 2"
    assert toys(db, "rollup_toys") == sorted(ask(db.path, whole), key=str)

    change(db.path, "update rollup_toy_days set runs = runs + 1 where kind = (select min(kind) from runs)")
    assert {finding.table for finding in examine(db.path, repair=True)} == {"rollup_toy_days"}
    assert examine(db.path) == []
    served = Served(db.path)
    page = served.get("/storyreport/rollup_toy_days").text
    assert "Runs by kind and day." in page
    assert served.get("/storyreport/rollup_toys").status_code == 200
    served.close()


def test_a_new_rollup_follows_what_changes(rollup_files: RollupFiles, db: ReportDatabase, tracker: Tracker) -> None:
    """Of a source that is new, and of one that has changed."""
    rollup_files.write("toys/toy_days.sql", TOY)
    tracker.register("A")
    tracker.end("A", "01_ingest", "run-1", 100)
    db.ingest(tracker.path)
    assert [(row[2], row[3]) for row in toys(db)] == [("pipeline_run", 1)]
    tracker.clock(days=1)
    tracker.end("A", "02_preprocess", "run-2", 100)
    db.ingest(tracker.path)
    assert sum(row[3] for row in toys(db) if isinstance(row[3], int)) == 2
    assert examine(db.path) == []


def test_a_changed_definition_is_rebuilt(rollup_files: RollupFiles, db: ReportDatabase, tracker: Tracker) -> None:
    """The next ingest computes it for all sources and says so; until then nothing is read by the old one."""
    rollup_files.write("toys/toy_days.sql", TOY)
    previous.write(db.path)
    examine(db.path, repair=True)
    rollup_files.write(
        "toys/toy_days.sql",
        TOY.replace("  runs: integer", "  runs: integer\n  twice: integer").replace(
            "    count(*) as runs,", "    count(*) as runs,\n    2 * count(*) as twice,"
        ),
    )
    with pytest.raises(StoryreportError, match="made by an older storyreport"):
        schema.open_for_reading(db.path)
    tracker.register("A")
    assert db.ingest(tracker.path).notes == ["rollup toy_days was rebuilt (new definition)"]
    twice = "select sum(twice) from rollup_toy_days"
    assert db.one(twice) == 2 * db.one("select count(*) from runs") == db.one(twice.replace("toy_days", "toys"))
    assert db.ingest(tracker.path).notes == []
    assert examine(db.path) == []


def test_the_documented_example(rollup_files: RollupFiles, db: ReportDatabase) -> None:
    """Of docs/adding-a-rollup.md, as it stands there."""
    docs = ROOT / "docs" / "adding-a-rollup.md"
    (example,) = re.findall(r"```sql\n(.*?)```", docs.read_text(encoding="utf-8"), re.DOTALL)
    previous.write(db.path)
    rollup_files.write("work/kind_days.sql", example)
    assert examine(db.path, repair=True) == []
    assert db.one("select sum(runs) from rollup_kinds") == db.one("select count(*) from runs")
    with contextlib.closing(schema.open_for_reading(db.path)) as connection:
        assert "| **`kind`** | text | kind of run |" in data_model(connection)


def test_words_for_people_rebuild_nothing(rollup_files: RollupFiles, db: ReportDatabase, tracker: Tracker) -> None:
    """A description or a comment is no other definition."""
    tracker.register("A")
    db.ingest(tracker.path)
    rollup_files.change("steps/step_days.sql", "Executions and durations by source", "How long steps took by source")
    rollup_files.change("trees/tree_problems.sql", "-- Options", "-- The options")
    schema.open_for_reading(db.path).close()


def test_what_reads_a_changed_one_is_rebuilt_too(
    rollup_files: RollupFiles, db: ReportDatabase, tracker: Tracker
) -> None:
    """An intermediate's rollups, and no other."""
    tracker.register("A")
    db.ingest(tracker.path)
    rollup_files.change("work/day_runs.sql", "select runs.*\n", "select runs.*, 1 as one\n")
    assert db.ingest(tracker.path).notes == [
        "rollups run_day_durations, run_days, session_days, source_days, theme_days were rebuilt (new definition)"
    ]


def test_a_removed_file_takes_its_tables_away(rollup_files: RollupFiles, db: ReportDatabase, tracker: Tracker) -> None:
    rollup_files.write("toys/toy_days.sql", TOY)
    tracker.register("A")
    db.ingest(tracker.path)
    rollup_files.remove("toys/toy_days.sql")
    assert db.ingest(tracker.path).notes == ["rollup toy_days was removed (no definition any more)"]
    assert db.sql("select name from sqlite_master where name glob '*toy*'") == []
    assert db.sql("select * from definitions where name glob '*toy*'") == []


def test_frozen_history_survives_a_changed_definition(rollup_files: RollupFiles, db: ReportDatabase) -> None:
    """Rows of pruned days keep their numbers; a column that is new is 0 there; the totals have both."""
    previous.write(db.path)
    examine(db.path, repair=True)
    before = ask(
        db.path, "select day, source_id, family, executions, p95_ms, retried from rollup_step_days order by 1, 2, 3"
    )
    totals = ask(db.path, "select source_id, family, executions, total_ms, p95_ms from rollup_steps order by 1, 2")
    rollup_files.change("steps/step_days.sql", "  passed: integer\n", "  passed: integer\n  unpassed: integer\n")
    rollup_files.change(
        "steps/step_days.sql",
        "    sum(counts.retried) as retried,",
        "    sum(case when counts.acceptance_passed = 0 then counts.step_runs else 0 end) as unpassed,\n"
        "    sum(counts.retried) as retried,",
    )
    notes: list[str] = []
    assert examine(db.path, repair=True, note=notes.append) == []
    assert notes[0] == "rollup step_days was rebuilt (new definition)"
    assert notes[1].startswith("history whose detail was pruned was kept as it was (")
    assert f" before {previous.DETAIL_SINCE}" in notes[1]
    now = "select day, source_id, family, executions, p95_ms, retried from rollup_step_days order by 1, 2, 3"
    assert ask(db.path, now) == before
    assert (
        ask(db.path, "select source_id, family, executions, total_ms, p95_ms from rollup_steps order by 1, 2") == totals
    )
    pruned = "select id from sources where detail_since is not null"
    frozen = f"day <> '' and day < '{previous.DETAIL_SINCE}' and source_id in ({pruned})"
    assert ask(db.path, f"select sum(unpassed), sum(executions) > 100 from rollup_step_days where {frozen}") == [(0, 1)]


def test_a_new_rollup_of_pruned_days_stays_empty_there(rollup_files: RollupFiles, db: ReportDatabase) -> None:
    """Some rows of these days are left; what they add up to would be too little."""
    previous.write(db.path)
    examine(db.path, repair=True)
    text = (rollup_files.folder / "logs/log_days.sql").read_text(encoding="utf-8")
    rollup_files.write(
        "logs/toy_days.sql", text.replace("dirty_log_days", "dirty_toy_days").replace("name: logs", "name: toys")
    )
    notes: list[str] = []
    assert examine(db.path, repair=True, note=notes.append) == []
    assert notes[0] == "rollup toy_days was rebuilt (new definition)"
    assert notes[1].startswith("rollup toy_days was left empty where detail was pruned (")
    days = {day for (day,) in ask(db.path, "select day from rollup_toy_days where samples > 0")}
    assert days
    assert min(days) >= previous.DETAIL_SINCE


def test_a_memory_outlives_a_changed_definition(rollup_files: RollupFiles, db: ReportDatabase) -> None:
    """What pruned rows added can be found nowhere else."""
    previous.write(db.path)
    examine(db.path, repair=True)
    before = ask(db.path, "select * from pruned_calls order by rowid")
    assert len(before) > 50
    stories = ask(db.path, "select * from rollup_story_calls order by 1, 2")
    rollup_files.change(
        "calls/pruned_calls.sql", "  unpriced_calls: integer\n", "  unpriced_calls: integer\n  rows: integer\n"
    )
    rollup_files.change("calls/pruned_calls.sql", "as unpriced_calls\n", "as unpriced_calls,\n    count(*) as rows\n")
    assert examine(db.path, repair=True) == []
    assert ask(db.path, "select * from pruned_calls order by rowid") == [(*row, 0) for row in before]
    assert ask(db.path, "select * from rollup_story_calls order by 1, 2") == stories


def test_the_doctor_finds_a_wrong_definition(
    rollup_files: RollupFiles, fed: ReportDatabase, db: ReportDatabase
) -> None:
    """A rollup that takes failed executions for completed ones is equal to its recomputation, not to the base rows."""
    with contextlib.closing(sqlite3.connect(fed.path)) as whole, contextlib.closing(sqlite3.connect(db.path)) as copy:
        whole.backup(copy)
    rollup_files.change(
        "steps/step_days.sql",
        "sum(case when counts.status = 'completed' then counts.step_runs else 0 end) as completed",
        "sum(case when counts.status in ('completed', 'failed') then counts.step_runs else 0 end) as completed",
    )
    findings = examine(db.path, repair=True)
    assert {finding.table for finding in findings} == {"rollup_step_days"}
    assert {finding.repair for finding in findings} == {()}
    assert len({finding.source for finding in findings}) >= 4
    assert all("completed is " in finding.example and "base rows say " in finding.example for finding in findings)
    assert all("its definition is wrong" in finding.example for finding in findings)
