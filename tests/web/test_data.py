"""A report's data for scripts: all of its rows in every shape, else a status and a sentence."""

# mypy: disallow-untyped-decorators=False

import asyncio
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from datasette import hookimpl
from datasette.plugins import pm
from helpers import ROOT
from helpers.report_database import ask
from helpers.serving import AS_OF, Served, fill

from storyreport import reports, schema

PAGE = ROOT / "docs" / "scripts.md"
CATALOGUE = reports.load_reports()
# More than two batches, and far more than the 1,000 rows at which Datasette stops.
MANY = 2_345
HEADER = """/*
title: {name}
description: What is tried.
topic: Steps
params:
  rows: {{type: number, default: 3, help: how many}}
*/
with recursive numbers (n) as (
    select 1
    union all
    select n + 1
    from numbers
    where n < cast(:rows as integer){further}
)

"""
COUNTED = "select n, 'number ' || n as name, nullif(n, 2) as gap from numbers"
REPORTS = {
    "counted": COUNTED,
    "hidden": COUNTED,
    "odd": """select 9e999 as endless, '{"a": [1]}' as json, 'a "b", c' || char(10) || '…é' as text from numbers""",
    "broken": "select n from no_such_table, numbers",
    # abs() of the smallest integer fails, after two batches.
    "breaking": "select case when n = 2300 then abs(-9223372036854775807 - 1) else n end as n from numbers",
    "endless": "select count(*) as n from numbers",
    # The first batches come at once, the next one never.
    "stopping": "select n from numbers where n <= 1500",
}
ENDLESS = ("endless", "stopping")


class Hiding:
    """A plugin that lets nobody see the report `hidden`, with the hook of each Datasette line."""

    @hookimpl
    def permission_allowed(self, action: str, resource: Any) -> bool | None:
        """Datasette 0.65 asks for one thing."""
        return False if (action, resource) == ("view-query", ("storyreport", "hidden")) else None

    @hookimpl
    def permission_resources_sql(self, action: str) -> Any:
        """Datasette 1.0 wants a rule."""
        if action != "view-query":
            return None
        from datasette.permissions import PermissionSQL

        return PermissionSQL(sql="select 'storyreport' as parent, 'hidden' as child, 0 as allow, 'tried' as reason")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database."""
    path = tmp_path_factory.mktemp("rows") / "storyreport.db"
    fill(path)
    return path


@pytest.fixture(scope="module")
def served(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Datasette with reports of our own."""
    folder = tmp_path_factory.mktemp("queries")
    for name, sql in REPORTS.items():
        further = " or n > 0" if name in ENDLESS else ""
        (folder / f"{name}.sql").write_text(HEADER.format(name=name, further=further) + sql, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(reports.FOLDERS, str(folder))
        served = Served(path)
        yield served
        served.close()


@contextmanager
def settings(served: Served, **changed: int) -> Iterator[None]:
    """Datasette as if started with other settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changed.items():
            patch.setitem(served.datasette._settings, name, value)
            if hasattr(served.datasette, name):
                patch.setattr(served.datasette, name, value)
        yield


def error(response: Any) -> tuple[int, str]:
    """The status and the sentence of a refusal as JSON, which has always the same keys."""
    body = response.json()
    assert body.keys() == {"ok", "error", "status", "title"}
    assert (body["ok"], body["status"]) == (False, response.status_code)
    return response.status_code, body["error"]


def expected(count: int) -> list[tuple[int, str, int | None]]:
    """What `counted` is asked for."""
    return [(n, f"number {n}", None if n == 2 else n) for n in range(1, count + 1)]


NAMES = ("n", "name", "gap")


def objects(count: int) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in expected(count)]


@pytest.mark.parametrize("count", [0, 1, 3, 999, 1000, 1001, MANY])
@pytest.mark.parametrize(
    ("query", "read", "wanted"),
    [
        ("", lambda text: json.loads(text)["rows"], objects),
        ("_shape=objects", lambda text: json.loads(text)["rows"], objects),
        ("_shape=arrays", lambda text: json.loads(text)["rows"], lambda count: [list(row) for row in expected(count)]),
        ("_shape=array", json.loads, objects),
        ("_shape=arrayfirst", json.loads, lambda count: list(range(1, count + 1))),
        ("_shape=array&_nl=on", lambda text: [json.loads(line) for line in text.splitlines()], objects),
        ("_nl=on", lambda text: [json.loads(line) for line in text.splitlines()], objects),
    ],
)
def test_json_has_all_rows_in_every_shape(
    served: Served, count: int, query: str, read: Callable[[str], Any], wanted: Callable[[int], Any]
) -> None:
    # The numbers begin with 1: there are no fewer rows, unless there is none asked for at all.
    response = served.get(f"/storyreport/counted.json?rows={count}&{query}")
    assert response.status_code == 200
    assert read(response.text) == wanted(max(count, 1))


@pytest.mark.parametrize("count", [3, MANY])
def test_csv_has_all_rows(served: Served, count: int) -> None:
    wanted = [["" if value is None else str(value) for value in row] for row in expected(count)]
    response = served.get(f"/storyreport/counted.csv?rows={count}")
    assert list(csv.reader(io.StringIO(response.text))) == [list(NAMES), *wanted]
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    # What Datasette's own pages add to the address changes nothing.
    bare = served.get(f"/storyreport/counted.csv?rows={count}&_header=off&_size=max&_stream=1")
    assert list(csv.reader(io.StringIO(bare.text))) == wanted


def test_csv_can_be_a_file(served: Served) -> None:
    response = served.get("/storyreport/counted.csv?_dl=1")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="counted.csv"'


@pytest.mark.parametrize("count", [3, MANY])
@pytest.mark.parametrize("shape", ["", "&_shape=objects", "&_shape=arrays"])
def test_the_envelope_is_the_same_on_every_datasette_at_every_size(served: Served, count: int, shape: str) -> None:
    body = served.get(f"/storyreport/counted.json?rows={count}{shape}").json()
    assert len(body.pop("rows")) == count
    sql = body["query"].pop("sql")
    assert COUNTED in sql
    assert body == {
        "ok": True,
        "database": "storyreport",
        "query_name": "counted",
        "query": {"params": {"rows": str(count)}},
        "columns": list(NAMES),
        "truncated": False,
    }


def test_addresses_and_command_line_agree(path: Path) -> None:
    """Every report of the catalogue gives the same rows as JSON, as CSV and where the command line takes them from."""
    with closing(schema.open_for_reading(path)) as connection, pytest.MonkeyPatch.context() as patch:
        patch.delenv(reports.FOLDERS, raising=False)
        served = Served(path)
        for report in CATALOGUE.values():
            given = {"as_of": AS_OF} if any(param.name == "as_of" for param in report.params) else {}
            columns, rows = reports.run(connection, report, given)
            query = "&".join(f"{name}={value}" for name, value in given.items())
            body = served.get(f"/storyreport/{report.name}.json?_shape=arrays&{query}").json()
            assert (body["columns"], [tuple(row) for row in body["rows"]]) == (columns, rows)
            text = served.get(f"/storyreport/{report.name}.csv?{query}").text
            shown = [["" if value is None else str(value) for value in row] for row in rows]
            assert list(csv.reader(io.StringIO(text))) == [columns, *shown]
        served.close()


def test_the_addresses_of_the_readme_answer(path: Path) -> None:
    documented = re.findall(r"curl .*?'http://127.0.0.1:8001(/[^']+)'", PAGE.read_text(encoding="utf-8"))
    assert len(documented) == 3
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(reports.FOLDERS, raising=False)
        served = Served(path)
        for address in documented:
            assert served.get(address).status_code == 200, address
        served.close()


@pytest.mark.parametrize("count", [1, 1_500])
def test_odd_values_arrive(served: Served, count: int) -> None:
    text = 'a "b", c\n…é'
    last = served.get(f"/storyreport/odd.json?rows={count}&_shape=array").json()[-1]
    # JSON has no word for infinity.
    assert last == {"endless": None, "json": '{"a": [1]}', "text": text}
    last = served.get(f"/storyreport/odd.json?rows={count}&_shape=array&_json=json").json()[-1]
    assert last["json"] == {"a": [1]}
    table = list(csv.DictReader(io.StringIO(served.get(f"/storyreport/odd.csv?rows={count}").text, newline="")))
    assert (len(table), table[-1]["text"]) == (count, text)


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("counted.json?rows=x&_shape=array", 400, "rows must be a number, not 'x'."),
        ("broken.json", 404, "broken.sql, line 8: its SELECT cannot be run (no such table: no_such_table)."),
        (f"breaking.json?rows={MANY}&_shape=array&_nl=on", 500, "breaking cannot be read: integer overflow."),
    ],
)
def test_what_cannot_be_answered_is_a_status_and_a_sentence(
    served: Served, query: str, status: int, sentence: str
) -> None:
    assert error(served.get(f"/storyreport/{query}")) == (status, sentence)
    table = served.get(f"/storyreport/{query.replace('.json', '.csv')}")
    assert (table.status_code, table.text) == (status, sentence + "\n")


@pytest.mark.parametrize("name", ENDLESS)
def test_what_takes_too_long_is_given_up(served: Served, name: str) -> None:
    sentence = f"{name} takes longer than the 50 ms that this server allows: narrow it down."
    with settings(served, sql_time_limit_ms=50):
        assert error(served.get(f"/storyreport/{name}.json")) == (400, sentence)
        table = served.get(f"/storyreport/{name}.csv")
    assert (table.status_code, table.text) == (400, sentence + "\n")


def test_an_unknown_shape_names_the_known(served: Served) -> None:
    sentence = "_shape must be one of objects, array, arrays, arrayfirst, not 'list'."
    assert error(served.get("/storyreport/counted.json?_shape=list")) == (400, sentence)


@pytest.mark.parametrize(
    ("setting", "value", "limit"), [("allow_csv_stream", False, "1,000 rows"), ("max_csv_mb", 1, "1 MB")]
)
def test_what_the_server_limits_is_refused_not_cut(served: Served, setting: str, value: int, limit: str) -> None:
    with settings(served, **{setting: value}):
        assert served.get("/storyreport/counted.json?rows=1000").status_code == 200
        for form in ("json", "csv"):
            response = served.get(f"/storyreport/counted.{form}?rows=70000")
            assert response.status_code == 400
            assert f"counted has more than {limit}, the limit of this server (its setting {setting})" in (response.text)


@pytest.fixture
def hiding() -> Iterator[None]:
    """A Datasette in which nobody may see the report `hidden`."""
    plugin = Hiding()
    pm.register(plugin)
    yield
    pm.unregister(plugin)


@pytest.mark.usefixtures("hiding")
@pytest.mark.parametrize("extension", ["", ".json", ".csv"])
@pytest.mark.parametrize("query", ["", f"?rows={MANY}", "?rows=x", "?row=5", "?_shape=list"])
def test_a_report_that_may_not_be_seen_says_nothing(served: Served, extension: str, query: str) -> None:
    assert served.get("/storyreport/counted" + extension).status_code == 200
    response = served.get(f"/storyreport/hidden{extension}{query}")
    assert response.status_code == 403
    # Neither rows nor what it takes.
    assert "number" not in response.text
    assert "it takes" not in response.text


@pytest.mark.usefixtures("hiding")
def test_the_place_of_refusals_says_nothing_either(served: Served) -> None:
    assert served.get("/-/report-refusal/hidden?rows=x").status_code == 403
    assert served.get("/-/report-refusal/nothing?rows=x").status_code == 404
    assert "rows must be a number" in served.get("/-/report-refusal/counted?rows=x").text
    # Whoever comes back there, after logging in say, with nothing wrong, gets the report.
    assert str(served.get("/-/report-refusal/counted?rows=2").url).endswith("/storyreport/counted?rows=2")


def test_scripts_of_other_sites_are_let_in_with_cors(served: Served) -> None:
    addresses = ("counted.json", f"counted.csv?rows={MANY}", "counted.json?_shape=list", "counted.csv?rows=x")
    for is_open in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(served.datasette, "cors", is_open)
            for address in addresses:
                headers = served.get(f"/storyreport/{address}").headers
                assert headers.get("access-control-allow-origin") == ("*" if is_open else None)
            preflight = asyncio.run(served.datasette.client.options("/storyreport/counted.json"))
            assert (preflight.status_code, "access-control-allow-headers" in preflight.headers) == (200, is_open)


def test_data_is_only_read(served: Served) -> None:
    head = asyncio.run(served.datasette.client.head("/storyreport/counted.json"))
    assert head.status_code == 200
    assert asyncio.run(served.datasette.client.put("/storyreport/counted.json")).status_code == 405


def test_other_addresses_stay_datasettes(served: Served) -> None:
    tables = served.get("/storyreport/sources.json?_shape=array").json()
    assert [table["name"] for table in tables] == ["alpha", "beta"]
    missing = served.get("/storyreport/countedd.json")
    assert (missing.status_code, missing.json()["ok"]) == (404, False)


def test_clients_that_stop_reading_hold_nothing(path: Path, served: Served) -> None:
    """Eight clients take the beginning of a long answer and no more: others are answered, the log is emptied."""

    async def stopped(read: list[bytes], go_on: asyncio.Event) -> None:
        async def send(message: dict[str, Any]) -> None:
            read.append(message.get("body", b""))
            if message["type"] == "http.response.body":
                await go_on.wait()

        scope = {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "http_version": "1.1",
            "path": "/storyreport/counted.json",
            "query_string": b"rows=20000",
            "headers": [],
        }
        await served.datasette.client.app(scope, asyncio.Event().wait, send)

    async def tried() -> list[bytes]:
        go_on = asyncio.Event()
        answers: list[list[bytes]] = [[] for _ in range(8)]
        clients = [asyncio.create_task(stopped(read, go_on)) for read in answers]
        while not all(len(read) == 2 for read in answers):
            await asyncio.sleep(0.01)
        other = await served.datasette.client.get(f"/storyreport/counted.json?rows={MANY}")
        assert len(other.json()["rows"]) == MANY
        with closing(schema.connect(path)) as connection:
            connection.execute("update sources set name = name")
            busy, in_log, _ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
            assert (busy, in_log) == (0, 0)
        go_on.set()
        await asyncio.gather(*clients)
        return [b"".join(read) for read in answers]

    wanted = objects(20_000)
    for text in asyncio.run(tried()):
        assert json.loads(text).get("rows") == wanted, text[:300]
    assert ask(path, "select count(*) from sources") == [(2,)]
