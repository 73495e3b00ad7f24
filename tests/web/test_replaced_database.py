"""A database that is replaced or deleted while it is served."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers.platforms import with_sql
from helpers.processes import fetched, running, serve
from helpers.serving import fill


def copy_with_title(path: Path, title: str) -> Path:
    """A report database whose story is called so."""
    fill(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("pragma journal_mode = delete")
        connection.execute("update stories set title = ? where id = 2", [title])
    return path


def titles(address: str) -> list[str]:
    """What the server says of the second story, asked often enough for each of its threads."""
    answers = [fetched(f"{address}/storyreport/stories/2.json?_shape=array") for _ in range(8)]
    assert {status for status, _ in answers} == {200}
    return sorted(
        {
            json.loads(text)["rows"][0]["title"] if "rows" in text else json.loads(text)[0]["title"]
            for _, text in answers
        }
    )


@pytest.mark.parametrize("options", [(), pytest.param(("--sql",), marks=with_sql)], ids=["pages", "sql"])
def test_a_replaced_database_is_opened_again(tmp_path: Path, options: tuple[str, ...]) -> None:
    """By every thread and every process that runs visitors' SQL."""
    first = copy_with_title(tmp_path / "report.db", "before")
    second = copy_with_title(tmp_path / "other.db", "after")
    query = "/storyreport.json?sql=select+title+from+stories+where+id=2&_shape=arrayfirst"
    with running(serve(first, *options), tmp_path) as (address, _):
        assert titles(address) == ["before"]
        if options:
            assert json.loads(fetched(address + query)[1]) == ["before"]
        os.replace(second, first)
        assert titles(address) == ["after"]
        if options:
            assert json.loads(fetched(address + query)[1]) == ["after"]


def test_a_deleted_database_is_named_and_comes_back(tmp_path: Path) -> None:
    """Pages and data say so, without the path, until it is there again."""
    report_db = copy_with_title(tmp_path / "report.db", "before")
    with running(serve(report_db), tmp_path) as (address, _):
        assert titles(address) == ["before"]
        os.rename(report_db, tmp_path / "elsewhere.db")
        for place in ("/", "/storyreport/stories.json"):
            status, text = fetched(address + place)
            assert (status, "The report database was deleted" in text, str(tmp_path) in text) == (503, True, False)
        copy_with_title(report_db, "after")
        assert titles(address) == ["after"]


def test_something_else_in_its_place(tmp_path: Path) -> None:
    """It is not served."""
    report_db = copy_with_title(tmp_path / "report.db", "before")
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("create table stories (id integer primary key, title text)")
    with running(serve(report_db), tmp_path) as (address, _):
        os.replace(other, report_db)
        assert fetched(f"{address}/storyreport/stories.json")[0] == 503
