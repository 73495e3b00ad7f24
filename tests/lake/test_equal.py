"""A lake rolled up by DuckDB holds, row for row, what `ingest` makes of the same rows."""

import contextlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import lakes
from helpers.report_database import ask

from storyreport import reports, schema
from storyreport.given import Request, requests_for
from storyreport.ingest import ingest
from storyreport.lake.run import Request as Lake
from storyreport.lake.run import roll_up

HISTORY = lakes.both(lakes.ordinary(500), lakes.hostile(700))
TABLES = lakes.rollup_names()

OF_ROLLUPS = [
    name
    for name, report in reports.load_reports().items()
    # When something was read is another time.
    if reports.class_of(report) == "rollups" and name not in ("ingests", "rejected_rows")
]


class Both(NamedTuple):
    """The report databases of one history."""

    ingested: Path
    rolled_up: Path
    folder: Path


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("equal")
    ingested, rolled_up = lakes.new_database(folder / "ingested.db"), lakes.new_database(folder / "rolled_up.db")
    (request,) = requests_for([lakes.write_sqlite(folder / "history.db", HISTORY)], "x", None)
    assert isinstance(request, Request)
    ingest(ingested, request)
    lake = lakes.write_lake(folder / "lake", HISTORY)
    roll_up(rolled_up, Lake(str(lake), "x", land=100_000))
    return Both(ingested, rolled_up, folder)


@pytest.mark.parametrize("table", TABLES)
def test_a_rollup_is_equal(both: Both, table: str) -> None:
    """Value for value, money included; ids are compared by what they lead to."""
    expected = lakes.rollup_rows(both.ingested, table)
    assert lakes.rollup_rows(both.rolled_up, table) == expected


def test_most_rollups_have_rows(both: Both) -> None:
    """Or nothing would have been compared."""
    filled = {table for table in TABLES if ask(both.ingested, f"select 1 from {table} limit 1")}
    none = {name.removeprefix("rollup_") for name in set(TABLES) - filled}
    absent = {"artifacts", "files", "logs", "trees", "sessions", "themes", "mismatches", "warnings", "metrics", "tree"}
    assert all(any(word.rstrip("s") in name for word in absent) for name in none - {"missing_story_calls"}), none
    assert len(filled) > 30


def test_doctor_leaves_a_lake_s_rollups_alone(both: Both) -> None:
    """Here is not what they are made of, so that they cannot be added up again."""
    from storyreport.upkeep.doctor import examine

    before = lakes.rollup_rows(both.rolled_up, "rollup_step_days")
    assert examine(both.rolled_up, repair=True) == []
    assert lakes.rollup_rows(both.rolled_up, "rollup_step_days") == before


def test_a_new_definition_keeps_a_lake_s_rollups(both: Both, tmp_path: Path) -> None:
    """They can be computed from the lake alone: until then they are as they were."""
    from storyreport import rollups
    from storyreport.transaction import commit, transaction

    copy = tmp_path / "copy.db"
    with sqlite3.connect(both.rolled_up) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    before = {table: lakes.rollup_rows(copy, table) for table in TABLES}
    with transaction(copy, lambda _: None) as connection:
        connection.execute("update definitions set hash = 'another' where kind = 'rollup'")
        connection.execute("delete from definitions where kind = 'files'")
        rollups.update(connection)
        commit(connection)
    assert {table: lakes.rollup_rows(copy, table) for table in TABLES} == before


def answers(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows of all reports of rollups, without parameters."""
    with contextlib.closing(schema.open_for_reading(database)) as connection:
        return {name: list(reports.run(connection, reports.find(name), {})[1]) for name in OF_ROLLUPS}


def test_reports_of_rollups_are_equal(both: Both, tmp_path: Path) -> None:
    """However little lands beside the rollups."""
    little = lakes.new_database(tmp_path / "little.db")
    roll_up(little, Lake(str(both.folder / "lake"), "x", land=5))
    assert answers(little) == answers(both.ingested)
    ((landed, of),) = ask(little, "select (select count(*) from calls), (select calls from lakes)")
    assert landed < of / 10


def test_what_is_left_out_is_that_of_an_ingest(both: Both) -> None:
    """The same rows, and the same values of rows, for the same reasons."""
    sql = """
        select source_table, severity, reason, count(*), min(source_key), max(source_key)
        from rejects
        group by source_table, severity, reason
        order by source_table, severity, reason"""
    expected = ask(both.ingested, sql)
    assert ask(both.rolled_up, sql) == expected
    assert len(expected) > 10
