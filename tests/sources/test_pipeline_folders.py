"""The story pipeline tracker: its folders, and how they agree with the database."""

import itertools
import json
import os
from pathlib import Path

import pytest
from helpers.pipeline import reported_executions
from helpers.platforms import with_links
from helpers.report_database import ReportDatabase, change
from helpers.tracker import NOON, STEPS, Tracker

from storyreport.errors import StoryreportError


def write(path: Path, content: object, at: float | None = None) -> None:
    """Write a JSON file, as of a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    moment = at or NOON.timestamp()
    os.utime(path, (moment, moment))


def run_file(folder: Path, run: str, step: str, story: str, status: str, at: str = "2026-03-10T11:00:00") -> None:
    """Write what a pipeline writes below .runs."""
    record = {"step": step, "story_id": story, "run_id": run, "timestamp": at, "status": status}
    write(folder / ".runs" / run / f"{step}_{story}.json", record)


def test_outputs_alone_register_their_stories(db: ReportDatabase, tmp_path: Path) -> None:
    """A story that only its outputs show is reported, each output a completed step of unknown duration."""
    write(
        tmp_path / "outputs" / "01_ingest" / "OLD-1.json", {"title": "The <b>old</b> mill", "text": "Once upon a time"}
    )
    write(tmp_path / "outputs" / "02_preprocess" / "OLD-1.json", [])
    write(tmp_path / "outputs" / "02_preprocess" / "OLD-2.json", '{"broken')
    outcome = db.ingest(tmp_path / "outputs")
    assert db.sql("select source_key, title, origin from stories") == [
        ("OLD-1", "The <b>old</b> mill", "outputs folder")
    ]
    assert reported_executions(db) == {("01_ingest", 1, 1, 0)}
    assert db.sql("select path, kind, created_at from artifacts") == [
        ("01_ingest/OLD-1.json", "output", "2026-03-10T12:00:00.000Z")
    ]
    assert outcome.counts.rejected == 2
    assert db.sql("select source_key, reason from rejects order by 1") == [
        ("02_preprocess/OLD-1.json", "not a JSON object"),
        ("02_preprocess/OLD-2.json", "broken JSON"),
    ]


def test_run_files_alone(db: ReportDatabase, tmp_path: Path) -> None:
    """Runs without the database have runs, stories and step runs of their own."""
    run_file(tmp_path, "r1", "01_ingest", "A", "completed")
    run_file(tmp_path, "r1", "02_preprocess", "A", "failed")
    run_file(tmp_path, "r2", "01_ingest", "B", "completed", at="not a time")
    outcome = db.ingest(tmp_path / ".runs")
    assert reported_executions(db) == {("01_ingest", 1, 1, 0), ("02_preprocess", 1, 0, 1)}
    assert db.sql("select source_key, status from runs") == [("r1", "failed")]
    assert outcome.counts.rejected == 1
    assert db.sql("select reason from rejects") == [("timestamp is no possible time",)]


@with_links
def test_files_may_hold_anything(db: ReportDatabase, tmp_path: Path) -> None:
    """Odd names, numbers without bounds and nesting without end are rows or rejects, never a crash."""
    run_file(tmp_path, "r1", "01_ingest", "A", "completed")
    write(
        tmp_path / ".runs" / "r1" / "02_preprocess_A.json", {"run_id": 10**40, "step": "02_preprocess", "story_id": 7}
    )
    write(tmp_path / ".runs" / "r1" / "03_generate_A.json", "[" * 100_000)
    write(tmp_path / ".runs" / "r1" / "04_postprocess_A.json", {"run_id": {"a": 1}, "step": "x", "story_id": "A"})
    (tmp_path / ".runs" / "r1" / os.fsdecode(b"05_package_\xff.json")).write_text("{}", encoding="utf-8")
    (tmp_path / ".runs" / "r1" / "loop").symlink_to(tmp_path)
    assert db.ingest(tmp_path / ".runs").counts.rejected == 3
    assert db.sql("select source_key from runs order by 1") == [("1" + "0" * 40,), ("r1",)]
    assert db.sql("select reason from rejects order by source_row, id") == [
        ("broken JSON",),
        ("a field that should be text holds an object or a list",),
        ("has no run_id",),
    ]


def test_a_damaged_database_in_a_folder_is_not_passed_over(db: ReportDatabase, tmp_path: Path) -> None:
    """What is no source is left alone; a source that cannot be read stops the ingest."""
    a_project(tmp_path / "studio")
    (tmp_path / "studio" / "notes.db").write_text("no database", encoding="utf-8")
    db.ingest(tmp_path / "studio")
    database = tmp_path / "studio" / "data" / "pipeline_stories.db"
    database.write_bytes(database.read_bytes()[:-4096])
    with pytest.raises(StoryreportError, match="is damaged"):
        db.ingest(tmp_path / "studio")


def a_project(folder: Path) -> list[Path]:
    """A project whose folders know more than its database, and less; return of its three parts."""
    tracker = Tracker(folder / "data" / "pipeline_stories.db")
    for story in ("A", "B", "DELETED"):
        tracker.register(story)
        for step in STEPS[:2]:
            tracker.end(story, step, f"run-{story}", 1000)
            write(folder / "outputs" / step / f"{story}.json", {"title": story})
            run_file(folder, f"run-{story}", step, story, "completed")
    change(tracker.path, "delete from stories where story_id = 'DELETED'")
    tracker.close()
    run_file(folder, "no-db", "01_ingest", "B", "completed")
    run_file(folder, "no-db", "01_ingest", "C", "completed")
    write(folder / "outputs" / "01_ingest" / "C.json", {"title": "C"})
    write(folder / "outputs" / "01_ingest" / "D.json", {"title": "D"})
    return [folder / "data" / "pipeline_stories.db", folder / "outputs", folder / ".runs"]


def answers(db: ReportDatabase) -> dict[str, object]:
    """What the reports say, in an order of its own."""
    names = ("failure_rates", "slowest_steps", "orphans")
    reported = {name: sorted(map(str, db.report(name))) for name in names}
    return {**reported, "stories": sorted(db.sql("select source_key from stories where gone_at is null"))}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_database_and_folders_agree_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    """Given one by one in any order, or all at once, the parts of a project give the same answers, counted by hand."""
    parts = a_project(tmp_path / "studio")
    one_by_one = ReportDatabase(tmp_path)
    for place in order:
        one_by_one.ingest(parts[place], name="studio")
    (tmp_path / "together").mkdir()
    together = ReportDatabase(tmp_path / "together")
    together.ingest(tmp_path / "studio")
    assert answers(one_by_one) == answers(together)
    # Three stories in the database; B and C run without it, D left an output alone.
    assert reported_executions(together) == {("01_ingest", 3 + 2 + 1, 6, 0), ("02_preprocess", 3, 3, 0)}
    assert together.sql("select source_key from stories order by 1") == [("A",), ("B",), ("C",), ("D",)]
    orphans = [(row["kind"], row["key"]) for row in together.report("orphans")]
    assert sorted(orphans) == [
        ("artifact", "01_ingest/DELETED.json"),
        ("artifact", "02_preprocess/DELETED.json"),
        ("step_run", "DELETED/01_ingest/1"),
        ("step_run", "DELETED/02_preprocess/1"),
    ]


def test_folders_given_beside_their_database_belong_to_it(db: ReportDatabase, tmp_path: Path) -> None:
    """Without a name, what is given beside the one database takes its name."""
    db.ingest(*a_project(tmp_path / "studio"))
    assert db.sql("select name, system from sources") == [("pipeline_stories", "pipeline")]
    assert db.sql("select part from inputs order by 1") == [("database",), ("outputs",), ("runs",)]


def test_a_deleted_output_is_gone(db: ReportDatabase, tmp_path: Path) -> None:
    """A deleted output stays as gone; a story that nothing else shows is gone with it, and comes back with it."""
    a_project(tmp_path / "studio")
    db.ingest(tmp_path / "studio")
    (tmp_path / "studio/outputs/01_ingest/D.json").unlink()
    db.ingest(tmp_path / "studio")
    assert db.sql("select path from artifacts where gone_at is not null") == [("01_ingest/D.json",)]
    assert db.sql("select source_key from stories where gone_at is not null") == [("D",)]
    assert len(db.report("orphans")) == 4
    write(tmp_path / "studio/outputs/01_ingest/D.json", {"title": "D"})
    db.ingest(tmp_path / "studio")
    assert db.sql("select source_key from stories where gone_at is not null") == []
    assert len(db.report("orphans")) == 4


@with_links
def test_what_is_not_the_tracker_s_is_passed_over(db: ReportDatabase, tracker: Tracker) -> None:
    """A link that leads to itself and what may not be read keep nobody from the sources beside them."""
    tracker.register("A")
    tracker.close()
    folder = tracker.path.parent / "project"
    (folder / "notes").mkdir(parents=True)
    tracker.path.rename(folder / "studio.db")
    for loop in (folder / "notes" / "loop", folder / "loop.json", folder / "notes" / "loop.json"):
        loop.symlink_to(loop)
    (folder / "private").mkdir(mode=0)
    (folder / "settings.json").write_text("{}", encoding="utf-8")
    (folder / "settings.json").chmod(0)
    try:
        db.ingest(folder)
    finally:
        (folder / "private").chmod(0o700)
    assert db.one("select count(*) from stories") == 1


@with_links
def test_a_file_of_the_tracker_s_that_cannot_be_read(db: ReportDatabase, tracker: Tracker) -> None:
    """One that should be the tracker's is not passed over: a run's file is rejected, a database is an error."""
    folder = tracker.path.parent / "project"
    (folder / ".runs" / "r1").mkdir(parents=True)
    run = {
        "run_id": "r1",
        "step": "01_ingest",
        "story_id": "A",
        "status": "success",
        "timestamp": "2026-03-01T10:00:00",
    }
    (folder / ".runs" / "r1" / "01_ingest_A.json").write_text(json.dumps(run), encoding="utf-8")
    loop = folder / ".runs" / "r1" / "02_preprocess_A.json"
    loop.symlink_to(loop)
    db.ingest(folder)
    assert db.sql("select source_key, reason from rejects") == [
        ("r1/02_preprocess_A.json", "cannot be read: Too many levels of symbolic links")
    ]
    (folder / "studio.db").symlink_to(folder / "studio.db")
    with pytest.raises(StoryreportError, match="cannot be opened"):
        db.ingest(folder)
    (folder / "studio.db").unlink()
    (folder / ".runs" / "r1").chmod(0)
    try:
        if not os.access(folder / ".runs" / "r1", os.R_OK):
            with pytest.raises(StoryreportError, match="may not be read"):
                db.ingest(folder)
    finally:
        (folder / ".runs" / "r1").chmod(0o700)
