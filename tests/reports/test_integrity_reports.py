"""Reports of integrity: whether files and statuses agree, and whose chapters are not counted."""

import itertools
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, ask, change
from helpers.tracker import NOON, STEPS, Tracker

WITHOUT_OUTPUT, WITHOUT_COMPLETION = "completed_without_output", "output_without_completion"


def write(path: Path, content: object = None) -> None:
    """Write an output file, long before it is read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content or {}), encoding="utf-8")
    os.utime(path, (NOON.timestamp(), NOON.timestamp()))


def mismatches(db: ReportDatabase, **given: str) -> list[tuple[object, ...]]:
    """(story, step, problem, path) of each mismatch, in an order of its own."""
    rows = db.report("output_mismatches", **given)
    assert all(list(row) == ["source", "story", "step", "problem", "path"] for row in rows)
    return sorted((tuple(row.values())[1:] for row in rows), key=str)


# The tracker and its outputs -----------------------------------------------------------------------------------------


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Tracker]:
    """A tracker in a project of its own, whose outputs are beside it."""
    tracker = Tracker(tmp_path / "studio" / "data" / "pipeline_stories.db")
    yield tracker
    tracker.close()


def plant(tracker: Tracker, outputs: Path) -> list[tuple[object, ...]]:
    """Write histories and files; return of what does not agree, as it is planted."""
    for story in ("FINE", "LOST", "EARLY", "FAILED", "RETRIED", "AGAIN", "HANGS", "CHECK"):
        tracker.register(story)
        tracker.end(story, "01_ingest", "r1", 900)
        write(outputs / "01_ingest" / f"{story}.json")
    tracker.end("LOST", "02_preprocess", "r1", 900)
    write(outputs / "03_generate" / "EARLY.json")
    tracker.end("FAILED", "02_preprocess", "r1", 900, "failed", "Boom")
    write(outputs / "02_preprocess" / "FAILED.json")
    # A retry that completes makes good; one that is under way may still.
    tracker.end("RETRIED", "02_preprocess", "r1", 900, "failed", "Boom")
    tracker.end("RETRIED", "02_preprocess", "r1", 900)
    write(outputs / "02_preprocess" / "RETRIED.json")
    tracker.clock(minutes=5)
    tracker.start("AGAIN", "01_ingest", "r2")
    tracker.start("HANGS", "02_preprocess", "r2")
    write(outputs / "02_preprocess" / "HANGS.json")
    tracker.end("CHECK", "02_preprocess", "r1", 900)
    tracker.check("CHECK", "02_preprocess", False, "too short")
    write(outputs / "02_preprocess" / "CHECK.json")
    # A story that only its files show did complete what they are of.
    write(outputs / "01_ingest" / "NO-DB.json")
    return [
        ("CHECK", "02_preprocess", WITHOUT_COMPLETION, "02_preprocess/CHECK.json"),
        ("EARLY", "03_generate", WITHOUT_COMPLETION, "03_generate/EARLY.json"),
        ("FAILED", "02_preprocess", WITHOUT_COMPLETION, "02_preprocess/FAILED.json"),
        ("HANGS", "02_preprocess", WITHOUT_COMPLETION, "02_preprocess/HANGS.json"),
        ("LOST", "02_preprocess", WITHOUT_OUTPUT, None),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(("data/pipeline_stories.db", "outputs"))))
def test_files_and_statuses_in_any_order(
    db: ReportDatabase, studio: Tracker, tmp_path: Path, order: tuple[str, ...]
) -> None:
    """What does not agree is found whichever is read first, or both at once."""
    folder = tmp_path / "studio"
    planted = plant(studio, folder / "outputs")
    for part in order:
        db.ingest(folder / part, name="studio")
    assert mismatches(db) == planted
    (tmp_path / "together").mkdir()
    together = ReportDatabase(tmp_path / "together")
    together.ingest(folder)
    assert mismatches(together) == planted
    assert mismatches(together, source="other") == []


def test_files_that_nobody_has_read_are_not_missed(db: ReportDatabase, studio: Tracker, tmp_path: Path) -> None:
    """Without the outputs there is nothing to compare; without the database too."""
    plant(studio, tmp_path / "studio" / "outputs")
    db.ingest(studio.path)
    assert mismatches(db) == []
    db.ingest(tmp_path / "studio" / "outputs", name="files")
    assert mismatches(db) == []


def test_a_mismatch_is_mended(db: ReportDatabase, studio: Tracker, tmp_path: Path) -> None:
    """A file that comes, a step that completes, a file or a story that goes: the report follows."""
    outputs = tmp_path / "studio" / "outputs"
    plant(studio, outputs)
    db.ingest(tmp_path / "studio")
    write(outputs / "02_preprocess" / "LOST.json")
    studio.end("EARLY", "03_generate", "r1", 900)
    (outputs / "02_preprocess" / "FAILED.json").unlink()
    (outputs / "01_ingest" / "FINE.json").unlink()
    change(studio.path, *(f"delete from {table} where story_id = 'HANGS'" for table in ("stories", "step_status")))
    db.ingest(tmp_path / "studio")
    assert mismatches(db) == [
        ("CHECK", "02_preprocess", WITHOUT_COMPLETION, "02_preprocess/CHECK.json"),
        ("FINE", "01_ingest", WITHOUT_OUTPUT, None),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_mismatches_equal_a_count_of_the_sources(
    db: ReportDatabase, studio: Tracker, tmp_path: Path, seed: int
) -> None:
    """After random work in batches, the report says what the tracker's own states and the folder's listing say."""
    rng = random.Random(seed)
    outputs = tmp_path / "studio" / "outputs"
    write(outputs / STEPS[0] / "S0.json")
    for _ in range(4):
        for _ in range(15):
            story, step = f"S{rng.randrange(6)}", rng.choice(STEPS[:3])
            studio.register(story)
            studio.clock(minutes=1)
            studio.end(story, step, f"r{rng.randrange(3)}", 900, rng.choice(["completed", "completed", "failed"]))
            path = outputs / step / f"{story}.json"
            if rng.random() < 0.6:
                write(path)
            elif path.exists() and story != "S0":
                path.unlink()
        db.ingest(tmp_path / "studio" / rng.choice(["data/pipeline_stories.db", ""]), name="studio")
    db.ingest(tmp_path / "studio", name="studio")
    files = {(path.stem, path.parent.name) for path in outputs.glob("*/*.json")}
    completed = set(ask(studio.path, "select story_id, step_name from step_status where status = 'completed'"))
    assert {row[:3] for row in mismatches(db)} == {(*pair, WITHOUT_OUTPUT) for pair in completed - files} | {
        (*pair, WITHOUT_COMPLETION) for pair in files - completed
    }
    assert db.sql("select problem, mismatches from rollup_mismatches order by 1") == db.sql(
        "select problem, count(*) from rollup_story_mismatches group by 1 order by 1"
    )


# The media service and its disk --------------------------------------------------------------------------------------

MEDIA = (
    "create table workflows (id text primary key, story_title text, original_prompt text, current_phase text,"
    " status text, created_at timestamp, updated_at timestamp)",
    "create table generated_files (id text primary key, workflow_id text, file_type text, file_path text,"
    " file_name text, created_at timestamp)",
    "create table generation_progress (id integer primary key, workflow_id text, progress_percentage real,"
    " current_step text, status text, created_at timestamp)",
    """insert into workflows values
        ('w1', 'The Fox', null, 'done', 'completed', '2026-03-01 10:00:00', '2026-03-01 10:10:00'),
        ('w2', 'The Owl', null, 'done', 'completed', '2026-03-01 11:00:00', '2026-03-01 11:10:00'),
        ('w3', 'The Hen', null, 'image', 'failed', '2026-03-01 12:00:00', '2026-03-01 12:10:00')""",
    "insert into generation_progress values (1, 'w1', 100, 'image_generation', 'completed', '2026-03-01 10:05:00')",
    """insert into generated_files values
        ('f1', 'w1', 'image', '/files/images/here.png', 'here.png', '2026-03-01 10:05:00'),
        ('f2', 'w1', 'video', '/files/video/lost.mp4', 'lost.mp4', '2026-03-01 10:10:00'),
        ('f3', 'w1', 'image', '/files/previews/1.png', '1.png', '2026-03-01 10:10:00'),
        ('f4', 'w1', 'image', 'https://cdn.example.com/2.png', '2.png', '2026-03-01 10:10:00')""",
)
PLANTED = [
    ("w1", None, WITHOUT_OUTPUT, "/files/video/lost.mp4"),
    # Nothing at all is known to have come of it.
    ("w2", None, WITHOUT_OUTPUT, None),
    (None, None, WITHOUT_COMPLETION, "images/stray.png"),
]


@pytest.fixture
def movies(tmp_path: Path) -> tuple[Path, Path]:
    """The database of a media service and its folder of files."""
    change(tmp_path / "movies.db", *MEDIA)
    for name in ("images/here.png", "images/stray.png"):
        write(tmp_path / "save_outputs" / name)
    (tmp_path / "save_outputs" / "video").mkdir()
    return tmp_path / "movies.db", tmp_path / "save_outputs"


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)])
def test_records_and_disk_in_any_order(db: ReportDatabase, movies: tuple[Path, Path], order: tuple[int, ...]) -> None:
    """A recorded file that the disk has not, and a file that no record has, whichever is read first."""
    for place in order:
        db.ingest(movies[place], name="movies")
    assert mismatches(db) == sorted(PLANTED, key=str)


def test_records_without_the_disk(db: ReportDatabase, movies: tuple[Path, Path]) -> None:
    """Where only one of them was read, nothing is missed."""
    db.ingest(movies[0])
    db.ingest(movies[1], name="files")
    assert mismatches(db) == []


def test_a_file_that_comes_back(db: ReportDatabase, movies: tuple[Path, Path]) -> None:
    """A file that is restored is not missing any more, one that goes is; a record that goes misses nothing."""
    db.ingest(*movies)
    write(movies[1] / "video" / "lost.mp4")
    (movies[1] / "images" / "here.png").unlink()
    change(movies[0], "insert into generated_files (id, workflow_id, file_type) values ('f5', 'w2', 'image')")
    db.ingest(*movies)
    expected = [("w1", None, WITHOUT_OUTPUT, "/files/images/here.png"), PLANTED[2]]
    assert mismatches(db) == sorted(expected, key=str)
    change(movies[0], "delete from generated_files where id = 'f1'")
    db.ingest(*movies)
    assert mismatches(db) == [PLANTED[2]]
    assert db.ingest(*movies).unchanged


# Chapters ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tales(tmp_path: Path) -> Path:
    """A story-generation service's tables with stories whose chapters are counted, and not."""
    path = tmp_path / "tales.db"
    change(
        path,
        "create table stories (story_id text, title text, chapter_count integer, status text, created_at text,"
        " updated_at text)",
        "create table story_generation_runs (run_id text, story_id text, status text, current_step text,"
        " created_at text, updated_at text)",
        """insert into stories values
            ('s1', 'The Mill', 12, 'published', '2026-03-01', '2026-03-01'),
            ('s2', 'The Weir', null, 'draft', '2026-03-01', '2026-03-02'),
            ('s3', 'The Ford', 0, 'writing', '2026-03-01', '2026-03-01'),
            ('s4', null, null, 'draft', '2026-03-01', '2026-03-03')""",
        """insert into story_generation_runs values
            ('r1', 's1', 'failed', 'x', '2026-03-01', '2026-03-01'),
            ('r2', 's3', 'failed', 'x', '2026-03-01', '2026-03-01'),
            ('r3', 's3', 'failed', 'x', '2026-03-02', '2026-03-02'),
            ('r4', 's3', 'completed', 'x', '2026-03-03', '2026-03-03'),
            ('r5', 's2', 'failed', 'x', '2026-03-03', '2026-03-03')""",
    )
    return path


def test_stories_without_chapters(db: ReportDatabase, tales: Path, tracker: Tracker) -> None:
    """No count and a count of 0 are listed, what failed most first; systems that count no chapters lack none."""
    tracker.register("A")
    db.ingest(tracker.path)
    db.ingest(tales)
    assert [tuple(row.values()) for row in db.report("stories_without_chapters")] == [
        ("tales", "s3", "The Ford", 0, 2),
        ("tales", "s2", "The Weir", None, 1),
        ("tales", "s4", None, None, 0),
    ]
    assert db.report("stories_without_chapters", source="studio") == []


def test_chapters_are_counted_later(db: ReportDatabase, tales: Path) -> None:
    """A story that gets its count, loses it or goes from the source changes the list."""
    db.ingest(tales)
    change(
        tales,
        "update stories set chapter_count = 7, updated_at = '2026-03-05' where story_id = 's2'",
        "update stories set chapter_count = null, updated_at = '2026-03-05' where story_id = 's1'",
        "delete from stories where story_id = 's4'",
    )
    db.ingest(tales)
    found = [(row["story"], row["failed_runs"]) for row in db.report("stories_without_chapters")]
    assert found == [("s3", 2), ("s1", 1)]
