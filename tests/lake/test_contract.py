"""A lake that breaks its contract: a sentence for each breach, and nothing landed."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import lakes
from helpers.report_database import ask

from storyreport.errors import StoryreportError
from storyreport.lake.check import Lake as Opened
from storyreport.lake.check import open_lake
from storyreport.lake.duck import Duck
from storyreport.lake.run import Request, roll_up

DAY = dt.datetime(2026, 3, 1, 10, tzinfo=dt.timezone.utc)
STEP: dict[str, Any] = {"id": "a", "step": "write", "started_at": DAY}


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duck]:
    engine = Duck(tmp_path_factory.mktemp("scratch"))
    yield engine
    engine.close()


def lake_of(folder: Path, *rows: dict[str, Any], day: str = "2026-03-01", table: str = "step_runs") -> Path:
    place = folder / table / f"date={day}"
    place.mkdir(parents=True, exist_ok=True)
    lakes.write_file(place / f"{len(list(place.iterdir()))}.parquet", list(rows))
    return folder


def opened(duck: Duck, folder: Path, **how: Any) -> Opened:
    return open_lake(duck, str(folder), **how)


@pytest.mark.parametrize(
    ("row", "day", "said"),
    [
        ({"id": "a", "started_at": DAY}, "2026-03-01", "0.parquet lacks the column step, which step_runs needs"),
        (
            STEP | {"started_at": "2026-03-01"},
            "2026-03-01",
            "step_runs.started_at should be UTC timestamps, and",
        ),
        (STEP | {"attempt": "two"}, "2026-03-01", "step_runs.attempt should be whole numbers or numbers, and is text"),
        (STEP | {"id": 1.5}, "2026-03-01", "step_runs.id should be text or whole numbers, and is number"),
        (STEP, "2026-03-02", "1 row of step_runs began on another UTC day than the folder says"),
    ],
)
def test_a_breach_is_named(duck: Duck, tmp_path: Path, row: dict[str, Any], day: str, said: str) -> None:
    with pytest.raises(StoryreportError, match=said):
        opened(duck, lake_of(tmp_path, row, day=day))


def test_a_later_file_lacks_a_column(duck: Duck, tmp_path: Path) -> None:
    """The columns of all files are joined: the one without is named."""
    lake_of(tmp_path, STEP)
    lake_of(tmp_path, {"step": "write", "started_at": DAY})
    with pytest.raises(StoryreportError, match=r"1\.parquet lacks the column id"):
        opened(duck, tmp_path)


def test_a_file_that_cannot_be_read_is_named_or_left_out(duck: Duck, tmp_path: Path) -> None:
    lake_of(tmp_path, STEP)
    broken = tmp_path / "step_runs" / "date=2026-03-01" / "broken.parquet"
    broken.write_bytes(b"PAR1 is how it begins")
    with pytest.raises(StoryreportError, match=r"broken\.parquet cannot be read as Parquet"):
        opened(duck, tmp_path)
    assert opened(duck, tmp_path, skip_unreadable=True).left_out == [str(broken)]


@pytest.mark.parametrize("made", [(), ("calls",)])
def test_an_empty_place_is_no_lake(duck: Duck, tmp_path: Path, made: tuple[str, ...]) -> None:
    for name in made:
        (tmp_path / name).mkdir()
    with pytest.raises(StoryreportError, match="There is no step_runs/date="):
        opened(duck, tmp_path)


def test_further_columns_and_absent_ones_are_fine(duck: Duck, tmp_path: Path) -> None:
    lake_of(tmp_path, STEP | {"mood": "good"})
    assert set(opened(duck, tmp_path).tables) == {"step_runs"}


def test_a_breach_lands_nothing(tmp_path: Path) -> None:
    """Nor is there a source."""
    lake_of(tmp_path / "lake", STEP, day="2026-03-02")
    database = lakes.new_database(tmp_path / "report.db")
    with pytest.raises(StoryreportError, match="another UTC day"):
        roll_up(database, Request(str(tmp_path / "lake"), "books"))
    assert ask(database, "select count(*) from sources") == [(0,)]


def test_a_place_that_is_no_folder_is_said(tmp_path: Path) -> None:
    database = lakes.new_database(tmp_path / "report.db")
    with pytest.raises(StoryreportError, match="There is no folder"):
        roll_up(database, Request(str(tmp_path / "nowhere"), "books"))


def test_ids_that_are_null_or_doubled_are_counted(tmp_path: Path) -> None:
    """One attempt of three rows, and one without an id: two executions."""
    later = STEP | {"ended_at": DAY + dt.timedelta(minutes=1), "status": "failed"}
    lake_of(tmp_path / "lake", STEP | {"status": "running"}, {**STEP, "id": None, "status": "completed"})
    lake_of(tmp_path / "lake", later, STEP | {"status": "running"})
    database = lakes.new_database(tmp_path / "report.db")
    outcome = roll_up(database, Request(str(tmp_path / "lake"), "books"))
    assert outcome.notes == [
        "1 step runs have no id: they are known by what they hold",
        "2 step runs have the id of another: of each id one row counts",
    ]
    assert ask(database, "select executions, completed, failed from rollup_steps") == [(2, 1, 1)]
