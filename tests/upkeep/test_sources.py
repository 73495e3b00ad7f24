"""Sources are renamed, moved, removed and merged in one transaction, and the rollups are right."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase, pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport.errors import StoryreportError
from storyreport.given import requests_for
from storyreport.known import as_known
from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune
from storyreport.upkeep.sources import merge, move, remove, rename

HEADER = "id,run,story,step,status,started_at,ended_at\n"


def steps(path: Path, day: int, *ids: int) -> Path:
    """Steps of a day of November; the id says run and story."""
    path.parent.mkdir(exist_ok=True)
    rows = (f"{n},r{n},S{n % 3},draft,completed,2026-11-{day:02}T09:00:00Z,2026-11-{day:02}T09:00:05Z\n" for n in ids)
    path.write_text(HEADER + "".join(rows), "utf-8")
    return path


@pytest.fixture
def two(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    """Source `a` with the ids 1 to 4 on the 20th, and source `b` with 4 to 6 on the 21st."""
    db.ingest(steps(tmp_path / "in" / "a.csv", 20, 1, 2, 3, 4))
    db.ingest(steps(tmp_path / "in" / "b.csv", 21, 4, 5, 6))
    return db


def by_day(db: ReportDatabase) -> list[tuple[object, ...]]:
    """Executions by source and day."""
    return sorted(pairs(db.report("failure_trend"), "source", "day", "executions"))


def test_rename(two: ReportDatabase, tmp_path: Path) -> None:
    """The name is another one everywhere, and the next ingest under it adds to the same source."""
    rename(two.path, "a", "night runs")
    assert by_day(two) == [("b", "2026-11-21", 3), ("night runs", "2026-11-20", 4)]
    assert two.ingest(tmp_path / "in" / "a.csv", name="night runs").unchanged
    assert examine(two.path) == []


def test_move(two: ReportDatabase, tmp_path: Path) -> None:
    """After a move the place is the source, whatever rows are there; without a note."""
    new = steps(tmp_path / "elsewhere" / "a.csv", 22, 71, 72)
    with pytest.raises(StoryreportError, match="is another source than 'a'"):
        two.ingest(new, name="a")
    move(two.path, "a", new)
    assert two.ingest(new, name="a").notes == []
    assert two.one("select count(*) from step_runs where gone_at is not null") == 4
    assert examine(two.path) == []


def test_remove(two: ReportDatabase) -> None:
    """Nothing is left of the source, and the other one is as it was."""
    assert remove(two.path, "a") == 4 + 4 + 3  # step runs, runs and stories
    assert by_day(two) == [("b", "2026-11-21", 3)]
    for table in two.counts():
        columns = [name for (name,) in two.sql("select name from pragma_table_info(?)", table)]
        if "source_id" in columns:
            assert two.sql(f'select distinct source_id from "{table}"') in ([(2,)], [])
    assert examine(two.path) == []


def test_merge(two: ReportDatabase) -> None:
    """Rows of both are of one source; of step 4, run r4 and the stories that both had, the target keeps its own."""
    assert merge(two.path, "a", "b") == 1 + 1 + 3
    assert by_day(two) == [("b", "2026-11-20", 3), ("b", "2026-11-21", 3)]
    assert two.sql("select count(*), count(distinct source_id) from step_runs") == [(6, 1)]
    assert two.sql("select status, started_at from runs where source_key = 'r4'") == [
        ("completed", "2026-11-21T09:00:00.000Z")
    ]
    assert two.one("select count(*) from step_runs where story_id is null or run_id is null") == 0
    assert examine(two.path) == []


def test_a_merged_source_is_read_again(two: ReportDatabase, tmp_path: Path) -> None:
    """The target's file lacks the rows that came from the other source: they are not deleted ones."""
    merge(two.path, "a", "b")
    two.ingest(steps(tmp_path / "in" / "b.csv", 21, 5, 6, 7))
    assert two.sql("select source_key from step_runs where gone_at is not null") == [("4",)]
    assert two.one("select count(*) from step_runs where gone_at is null") == 6
    assert examine(two.path) == []


def test_a_file_of_a_merged_source_goes_on_in_the_other(two: ReportDatabase, tmp_path: Path) -> None:
    """Its new rows are new there, those that it lacks now are deleted ones, and the target's own are as they were."""
    merge(two.path, "a", "b")
    path = tmp_path / "in" / "a.csv"
    requests = requests_for([path], None, None)
    assert [request.name for request, _ in as_known(two.path, requests, is_named=False)] == ["b"]
    assert two.ingest(path, name="b").unchanged
    two.ingest(steps(path, 20, 2, 3, 4, 8), name="b")
    assert two.sql("select source_key from step_runs where gone_at is not null") == [("1",)]
    assert two.one("select count(*) from step_runs where gone_at is null") == 6
    assert two.ingest(tmp_path / "in" / "b.csv", name="b").unchanged
    assert examine(two.path) == []


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda db: rename(db.path, "a", "b"), "There is a source 'b' already: choose another name, or put the two"),
        (lambda db: rename(db.path, "a", "studio"), "a source 'studio' already: choose another name, or remove"),
        (lambda db: rename(db.path, "c", "d"), "There is no source 'c': the sources are a, b, studio."),
        (lambda db: rename(db.path, "a", " "), "' ' is no name for a source"),
        (lambda db: remove(db.path, "c"), "There is no source 'c'"),
        (lambda db: merge(db.path, "a", "a"), "'a' cannot be merged into itself"),
        (lambda db: merge(db.path, "a", "studio"), "'a' is a source of steps and 'studio' one of pipeline"),
        (lambda db: move(db.path, "a", Path("nowhere.csv")), "nowhere.csv does not exist"),
        (lambda db: move(db.path, "a", DATA / "pipeline_stories.db"), "is not a database of steps"),
    ],
)
def test_what_cannot_be_done(
    two: ReportDatabase, tmp_path: Path, act: Callable[[ReportDatabase], None], error: str
) -> None:
    """One sentence says why, and nothing is changed."""
    two.ingest(Path(shutil.copy(DATA / "pipeline_stories.db", tmp_path / "studio.db")))
    before, sources = two.counts(), two.sql("select * from sources")
    with pytest.raises(StoryreportError) as raised:
        act(two)
    assert error in str(raised.value)
    assert (two.counts(), two.sql("select * from sources")) == (before, sources)


def test_pruned_sources_are_not_merged(two: ReportDatabase) -> None:
    """What is left of pruned detail belongs to its source; it can be removed, though."""
    from datetime import date

    prune(two.path, date(2026, 11, 21))
    with pytest.raises(StoryreportError, match="was pruned"):
        merge(two.path, "a", "b")
    remove(two.path, "a")
    assert examine(two.path) == []


def test_every_system_can_be_removed(sampled: ReportDatabase, db: ReportDatabase) -> None:
    """Of all sample sources nothing is left in any table but errors and steps' names of none."""
    shutil.copy(sampled.path, db.path)
    names = [name for (name,) in db.sql("select name from sources")]
    for name in names:
        remove(db.path, name)
    left = {table for table, count in db.counts().items() if count and not table.startswith(("errors", "_", "sqlite"))}
    assert left <= {"secrets", "definitions", "duration_buckets", "list_prices", "price_files"}
    assert examine(db.path) == []


ACTS = st.sampled_from(["rename", "move", "remove", "merge", "again", "restart", "first"])


@settings(max_examples=15)
@given(st.lists(ACTS, min_size=1, max_size=6))
def test_doctor_is_content_after_any_of_them(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:
    """Rename, move, remove, merge, re-ingest and restarted ids, in any order."""
    folder = tmp_path_factory.mktemp("acts")
    db, numbers = ReportDatabase(folder), itertools.count(1)
    paths = {"a": folder / "in" / "a.csv", "b": folder / "in" / "b.csv"}
    for day, name in ((10, "a"), (11, "b")):
        db.ingest(steps(paths[name], day, 1, 2, 3), name=name)
    for act in acts:
        names = [name for (name,) in db.sql("select name from sources order by id")]
        number = next(numbers)
        if act == "first" or not names:
            db.ingest(steps(folder / "in" / f"n{number}.csv", 20, number, number + 1))
        elif act == "rename":
            rename(db.path, names[0], f"renamed {number}")
        elif act == "remove":
            remove(db.path, names[0])
        elif act == "merge" and len(names) > 1:
            merge(db.path, names[0], names[1])
        elif act == "move":
            move(db.path, names[0], steps(folder / "in" / f"moved{number}.csv", 10, 1, 2))
        else:
            place = Path(
                db.sql(
                    "select location from inputs join sources on sources.id = source_id where name = ?"
                    " order by inputs.id limit 1",
                    names[0],
                )[0][0]
            )
            db.ingest(steps(place, 10 if act == "again" else 12 + number, 1, 2, 3), name=names[0])
        assert examine(db.path) == [], act
