"""Visitors' SQL: off unless allowed, and then unable to crash, stop, fill or write to anything."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from helpers import ROOT
from helpers.platforms import on_linux, on_posix, only_with_sql, with_sql
from helpers.processes import fetched, running, serve
from helpers.report_database import ReportDatabase
from helpers.serving import Served, fill

from storyreport import reports, schema
from storyreport.web import guard
from storyreport.web.mode import Mode
from storyreport.web.server import Extras

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n)"
LARGE = "zeroblob(500000)||x'01'"
SLOW = f"{ENDLESS} select sum(instr(zeroblob(1000000), {LARGE}) + i) from n"
# One call each: SQLite looks at no clock while it runs.
LONG_CALLS = (
    f"select {' + '.join(['instr(a, b)'] * 500)} from (select zeroblob(1000000) as a, {LARGE} as b)",
    "select length(trim(a, b)) from (select hex(zeroblob(500000)) as a, hex(zeroblob(400000)) || 'x' as b)",
    SLOW,
)
REFUSED_SQL = (
    "select fts3_tokenizer('simple')",
    "select fts3_tokenizer('simple', x'4141414141414141')",
    "select input, token from fts3tokenize where input = 'a b'",
    "select * from fts3tokenize('simple', 'a b')",
    "select load_extension('x')",
    "select fts5(null)",
    "select sql from sqlite_stmt",
    "select count(*) from SQLITE_STMT",
    "select * from dbstat",
    "select * from pragma_module_list",
    "select * from pragma_function_list",
    "select sqlite_log(1, 'x')",
    "select rtreecheck('a')",
    "select sqlite_compileoption_get(1)",
    "with a as (select 1) insert into stories (id) values (99)",
    "with a as (select 1) delete from stories",
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database."""
    path = tmp_path_factory.mktemp("guard") / "storyreport.db"
    fill(path)
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """Datasette where visitors may write SQL."""
    only_with_sql()
    served = Served(path, Extras(mode=Mode(sql=True, local=True), crossdb=True))
    yield served
    served.close()


def memory_bytes(pid: int) -> int:
    """The resident memory of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(memory_bytes(int(child)) for child in children)


@pytest.mark.parametrize("database", ["storyreport", "_memory"])
@pytest.mark.parametrize("sql", REFUSED_SQL)
def test_what_is_dangerous_is_refused(served: Served, sql: str, database: str) -> None:
    answer = served.get(f"/{database}.json?sql={quote(sql)}&_shape=arrays")
    assert answer.status_code in (400, 403)
    assert answer.json()["ok"] is False
    assert served.get(f"/{database}.json?sql=select+1&_shape=arrayfirst").json() == [1]


def test_sql_answers_as_before(served: Served) -> None:
    sql = (
        "select title, id * 1.5 as half, null as none, x'00ff' as bytes, count(*) over () as n from stories order by id"
    )
    rows = served.get(f"/storyreport.json?sql={quote(sql)}&_shape=array").json()
    assert [(row["half"], row["none"], row["n"]) for row in rows] == [(1.5, None, 2), (3.0, None, 2)]
    assert rows[0]["bytes"] == {"$base64": True, "encoded": "AP8="}
    joined = "select count(*) as n from [storyreport].stories"
    assert served.get(f"/_memory.json?sql={quote(joined)}&_shape=arrayfirst").json() == [2]
    assert served.get("/storyreport/stories.json?_where=id%3D2&_shape=array").json()[0]["id"] == 2
    assert served.get("/storyreport/stories?_where=id%3D2&_facet=status").status_code == 200
    assert served.get("/storyreport/errors.json?_search=window&_where=id%3D1").status_code == 200
    cut = served.get(f"/storyreport.json?sql={quote(ENDLESS + ' select i from n limit 1500')}&_shape=objects").json()
    assert (len(cut["rows"]), cut["truncated"]) == (1000, True)
    assert served.get("/-/versions.json").status_code == 200


def test_every_other_function_and_module_is_refused(path: Path) -> None:
    """SQLite itself says which there are."""
    with closing(sqlite3.connect(path)) as free, closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as limited:
        functions = {name for (name,) in free.execute("select name from pragma_function_list")} - guard.FUNCTIONS
        modules = {name for (name,) in free.execute("select name from pragma_module_list")} - guard.MODULES
        guard.restrict(limited)
        assert functions >= {"load_extension", "fts3_tokenizer"}
        for name in functions:
            for count in range(4):
                call = f'select "{name}"({", ".join(["1"] * count)})'
                with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|wrong number|misuse|no such"):
                    limited.execute(call)
        for name in modules:
            with pytest.raises(sqlite3.DatabaseError):
                limited.execute(f'select * from "{name}"')
        for statement in (
            "attach ':memory:' as other",
            "create temp table t (a)",
            "pragma writable_schema = on",
            "pragma schema_version = 7",
            "pragma trusted_schema = on",
            "update sqlite_master set sql = ''",
            "vacuum into 'copy.db'",
        ):
            with pytest.raises(sqlite3.DatabaseError):
                limited.execute(statement)
        plans = {
            "sqlite_master": "select count(*) from sqlite_master",
            "json_each": "select count(*) from json_each('[1]')",
        }
        assert all(limited.execute(sql).fetchone()[0] > 0 for sql in plans.values())


def test_no_report_loses_a_row(fed: ReportDatabase) -> None:
    """Every report gives the same rows on a limited connection as on any other."""
    with closing(schema.open_for_reading(fed.path)) as free, closing(schema.open_for_reading(fed.path)) as limited:
        guard.restrict(limited)
        for report in reports.load_reports().values():
            assert reports.run(limited, report, {}) == reports.run(free, report, {}), report.name


def test_a_function_of_a_plugin_is_declared(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.create_function("My_Own", 0, lambda: 7)
        guard.restrict(connection)
        with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
            connection.execute("select my_own()")
        guard.FUNCTIONS.add("my_own")
        try:
            assert connection.execute("select my_own()").fetchone() == (7,)
        finally:
            guard.FUNCTIONS.remove("my_own")


@pytest.mark.parametrize("database", ["storyreport", "_memory"])
@pytest.mark.parametrize("sql", LONG_CALLS, ids=["instr", "trim", "rows"])
def test_a_call_that_does_not_end_is_ended(served: Served, sql: str, database: str) -> None:
    begun = time.monotonic()
    assert served.get(f"/{database}.json?sql={quote(sql)}").status_code == 400
    assert time.monotonic() - begun < 15
    assert served.get(f"/{database}.json?sql=select+1&_shape=arrayfirst").json() == [1]


@pytest.mark.parametrize(
    "sql",
    [
        "select length(hex(zeroblob(400000000)))",
        f"{ENDLESS} select json_group_array(hex(zeroblob(400000))) from n",
        f"{ENDLESS} select {', '.join(['hex(zeroblob(500000))'] * 90)} from n limit 1000",
        f"{ENDLESS} select zeroblob(1000000), zeroblob(1000000) from n limit 1000",
    ],
)
@on_linux
@with_sql
def test_sql_cannot_fill_the_memory(path: Path, sql: str) -> None:
    with running(serve(path, "--sql"), path.parent) as (address, process):
        fetched(f"{address}/storyreport.json?sql=select+1")
        peaks = [memory_bytes(process.pid)]
        asking = threading.Thread(target=fetched, args=(f"{address}/storyreport.json?sql={quote(sql)}",))
        asking.start()
        while asking.is_alive():
            with contextlib.suppress(OSError):
                peaks.append(memory_bytes(process.pid))
            time.sleep(0.02)
        assert max(peaks) < peaks[0] + 1200e6
        assert fetched(f"{address}/storyreport/cost.json")[0] == 200
        assert memory_bytes(process.pid) < peaks[0] + 250e6


@on_posix
@with_sql
def test_the_server_survives_and_stops(path: Path) -> None:
    """A tokenizer of the visitor's choice, calls without an end, pages meanwhile, and Ctrl-C at last."""
    with running(serve(path, "--sql"), path.parent) as (address, process):
        for _ in range(6):
            fetched(f"{address}/storyreport.json?sql={quote('select fts3_tokenizer(:n, :p)')}&n=simple&p=AAAAAAAA")
        fetched(f"{address}/storyreport.json?sql={quote(REFUSED_SQL[2])}")
        slow = [f"{address}/storyreport.json?sql={quote(SLOW)}&n={number}" for number in range(10)]
        threads = [threading.Thread(target=fetched, args=(each,), daemon=True) for each in slow]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        assert fetched(address + "/")[0] == 200
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def plain(path: Path) -> Iterator[Served]:
    """Datasette as it is served by default."""
    served = Served(path)
    yield served
    served.close()


SQL_ADDRESSES = (
    "/storyreport?sql=select+1",
    "/storyreport.json?sql=select+1",
    "/storyreport.csv?sql=select+1",
    "/storyreport/-/query?sql=select+1",
    "/storyreport/stories?_where=1%3D1",
    "/storyreport/stories.json?_where=1%3D1",
    "/storyreport/stories.json?%5Fwhere=1%3D1",
)


@pytest.mark.parametrize("address", SQL_ADDRESSES)
def test_sql_is_off_by_default(plain: Served, address: str) -> None:
    answer = plain.get(address)
    assert answer.status_code == 403
    assert "SQL in an address is off on this server: " in answer.text.replace("&#39;", "'")
    if ".json" in address:
        assert answer.json()["status"] == 403


def test_nothing_else_is_lost_without_sql(plain: Served, served: Served) -> None:
    for address in (
        "/storyreport/stories?_facet=status&_sort=id&status__exact=running",
        "/storyreport/stories.json?_search=x&_size=1",
        "/storyreport/errors?_search=window",
        "/storyreport/cost?_explore=1",
        "/storyreport/cost.json",
        "/storyreport/stories.csv?_stream=1",
    ):
        answer = plain.get(address)
        assert answer.status_code == 200, address
        assert served.get(address).status_code == 200
    assert "Edit a copy" in served.get("/storyreport/cost").text
    page = plain.get("/storyreport/cost").text
    assert "Edit a copy" not in page
    assert "The SQL behind it" in page


def test_the_loopback_address_serves_without_a_question(path: Path) -> None:
    with running(serve(path), path.parent) as (address, _):
        assert fetched(address + "/storyreport/cost.json")[0] == 200
        status, text = fetched(address + "/storyreport.json?sql=select+1")
        assert (status, json.loads(text)["ok"]) == (403, False)


@pytest.mark.parametrize("options", [[], ["-i"]], ids=["mutable", "immutable"])
def test_plain_datasette_has_no_sql_and_gives_no_file_away(path: Path, tmp_path: Path, options: list[str]) -> None:
    """`datasette` with our metadata and plugins, as documented."""
    copy = Path(shutil.copy(path, tmp_path / "storyreport.db"))
    command = [
        sys.executable,
        "-m",
        "datasette",
        "serve",
        *options,
        str(copy),
        "--port",
        "0",
        "--setting",
        "base_url",
        "/",
    ]
    command += ["-m", str(ROOT / "metadata.yml"), "--plugins-dir", str(ROOT / "plugins")]
    command += ["--template-dir", str(ROOT / "templates"), "--static", f"static:{ROOT / 'static'}"]
    with running(command, tmp_path) as (address, _):
        # uvicorn says the address of port 0 later.
        statuses: dict[str, Any] = {part: fetched(address + part)[0] for part in (*SQL_ADDRESSES, "/storyreport.db")}
        assert set(statuses.values()) == {403}, statuses
        assert fetched(address + "/storyreport/cost.json")[0] == 200
