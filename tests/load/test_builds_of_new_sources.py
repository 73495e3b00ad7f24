"""The rollups of a new source are computed from its own rows, however many other sources have."""

import sqlite3

import pytest

from storyreport import rollups, schema, values
from storyreport.rollups import engine
from storyreport.rollups.definition import definitions, groups

READ_AS_THEY_LIE = [
    (one.name, table)
    for group in groups().values()
    for table in group.rows
    for one in definitions().values()
    if one.group and one.group.name == group.name and f"dirty_{table}" in one.sql
]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """An empty report database, with the rows past the first hundred as those of the new source."""
    connection = schema.connect(tmp_path_factory.mktemp("new") / "report.db")
    values.register(connection)
    rollups.update(connection)
    engine.prepare(connection)
    for table in {table for _, table in READ_AS_THEY_LIE}:
        connection.execute(f"create temp view dirty_{table} as select * from main.{table} where id > 100")
    return connection


def test_some_rollups_read_rows_as_they_lie() -> None:
    """Of step runs, at least."""
    assert ("step_run_counts", "step_runs") in READ_AS_THEY_LIE


@pytest.mark.parametrize(("name", "table"), READ_AS_THEY_LIE)
def test_only_the_rows_of_the_new_source_are_read(name: str, table: str, connection: sqlite3.Connection) -> None:
    """By their ids, which follow each other; an index of another order has the rows of all sources."""
    plan = [row[3] for row in connection.execute(f"explain query plan {definitions()[name].sql}")]
    assert [step for step in plan if step.endswith("USING INTEGER PRIMARY KEY (rowid>?)")], plan
    assert not [step for step in plan if step.startswith("SCAN")], plan
