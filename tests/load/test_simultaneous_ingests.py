"""Several ingests at once: the report database holds all of them, whole."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers.interruptions import (
    FEWER_ROWS,
    SMALL,
    History,
    finish,
    plant_history,
    plant_small,
    row_counts,
    shown,
    start,
    wait_for_work,
)

from storyreport import patience, schema
from storyreport.errors import StoryreportError
from storyreport.transaction import transaction


def other_than_waiting(err: str) -> list[str]:
    """The lines on stderr that do not say what is waited for."""
    return [line for line in err.splitlines() if not line.startswith("waiting for another command that ")]


def test_two_sources_at_once_into_a_new_database(shorter: History, tmp_path: Path) -> None:
    """Two ingests of two sources that start together are both loaded whole."""
    other = plant_history(tmp_path / "other.db", FEWER_ROWS // 2)
    database = tmp_path / "report.db"
    both = [start(source.path, "--db", database, scratch=tmp_path / "scratch") for source in (shorter, other)]
    for process in both:
        code, out, err = finish(process)
        assert (code, other_than_waiting(err)) == (0, [])
        assert " rows read, " in out
    assert shown(database) == {"other": other.totals, "shorter": shorter.totals}
    assert row_counts(database)["ingests"] == 2


def test_the_same_source_twice_at_once(shorter: History, tmp_path: Path) -> None:
    """Two ingests of one source that start together load it once; the later one finds nothing to do."""
    database = tmp_path / "report.db"
    both = [start(shorter.path, "--db", database, scratch=tmp_path / "scratch") for _ in range(2)]
    said = []
    for process in both:
        code, out, err = finish(process)
        assert (code, other_than_waiting(err)) == (0, [])
        said.append("unchanged" in out)
    assert sorted(said) == [False, True]
    assert shown(database) == {"shorter": shorter.totals}


def test_many_small_ingests_at_once(tmp_path: Path) -> None:
    """Again and again, several processes make the same new report database: none fails, none is lost."""
    sources = [plant_small(tmp_path / f"source-{number}.db") for number in range(4)]
    for attempt in range(5):
        database = tmp_path / f"report-{attempt}.db"
        for process in [start(source, "--db", database, scratch=tmp_path / "scratch") for source in sources]:
            code, _, err = finish(process)
            assert (code, other_than_waiting(err)) == (0, [])
        assert shown(database) == {source.stem: SMALL for source in sources}


def test_an_ingest_that_waits_for_one_that_fails(shorter: History, tmp_path: Path) -> None:
    """A failed first ingest takes nothing away from one that was waiting for it."""
    bad = Path(shutil.copy(shorter.path, tmp_path / "bad.db"))
    with closing(sqlite3.connect(bad)) as connection:
        connection.execute("update step_history set execution_time_ms = 'soon' where id = 5")
        connection.commit()
    good = plant_small(tmp_path / "small.db")
    database = tmp_path / "report.db"
    failing = start(bad, "--strict", "--db", database, scratch=tmp_path / "scratch")
    # It holds the write lock from before it copies the source.
    wait_for_work(failing, tmp_path / "scratch")
    waiting = start(good, "--db", database, scratch=tmp_path / "other scratch")
    assert finish(failing)[0] == 1
    code, _, err = finish(waiting)
    assert (code, other_than_waiting(err)) == (0, [])
    assert shown(database) == {"small": SMALL}


def test_only_who_waits_says_so(tmp_path: Path) -> None:
    """Nobody is waited for, then a writer that stays, for as long as --wait says."""
    path, said = tmp_path / "report.db", list[str]()
    with transaction(path, said.append) as connection:
        schema.migrate(connection)
    assert said == []
    waiting = patience.GIVEN_SECONDS.set(0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with (
            pytest.raises(StoryreportError, match="is being written by another command"),
            transaction(path, said.append),
        ):
            pass
    patience.GIVEN_SECONDS.reset(waiting)
    assert set(said) == {"waiting for another command to finish"}
