"""How long the home page is kept between requests, and that each visitor gets their own."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from datasette.database import QueryInterrupted
from helpers.attempts import attempt, write
from helpers.denying import denied
from helpers.report_database import ReportDatabase, change
from helpers.serving import Served

from storyreport.web import home
from storyreport.web.visitor import Visitor


async def many(served: Served) -> list[Any]:
    """The home page for sixteen visitors at the same time."""
    return await asyncio.gather(*(served.datasette.client.get("/") for _ in range(16)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two sources with a run each."""
    db = ReportDatabase(tmp_path)
    for name, hours in (("studio", 1.0), ("film", 2.0)):
        db.ingest(write(tmp_path / name, [attempt(f"run-{name}", hours)]))
    return db.path


@pytest.fixture
def served(path: Path) -> Iterator[Served]:
    with closing(Served(path)) as served:
        # Readers lay the database's log beside it: let there be all that there will be.
        asyncio.run(many(served))
        yield served


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A word for each time that the page is made."""
    times: list[str] = []
    view = home.view

    async def noted(visitor: Any) -> Any:
        times.append("made")
        await asyncio.sleep(0.05)
        return await view(visitor)

    monkeypatch.setattr(home, "view", noted)
    # A minute has just begun.
    monkeypatch.setattr(time, "time", lambda: 1.9e9)
    return times


def test_it_is_made_once_for_all_who_come_at_the_same_time(served: Served, made: list[str]) -> None:
    pages = {answer.text for answer in asyncio.run(many(served))}
    assert len(pages) == 1
    assert made == ["made"]
    assert "run-studio" in served.get("/").text
    assert made == ["made"]


def test_a_report_is_asked_once_for_all_who_come_at_the_same_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes half the time that it may take would never be answered, if all asked at once."""
    database = served.datasette.get_database("storyreport")
    execute, asked = database.execute, []

    async def noted(sql: str, *given: Any, **how: Any) -> Any:
        asked.append(sql)
        await asyncio.sleep(0.05)
        return await execute(sql, *given, **how)

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(served.datasette.client.get("/storyreport/recent_runs") for _ in range(4)))

    # A minute has just begun.
    monkeypatch.setattr(time, "time", lambda: 1.9e9)
    monkeypatch.setattr(database, "execute", noted)
    answers = asyncio.run(all_at_once())
    assert all(answer.status_code == 200 and "run-studio" in answer.text for answer in answers)
    assert len([sql for sql in asked if "last_days" in sql]) == 1


def test_what_takes_too_long_is_tried_once_for_all_who_wait(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for one attempt after the other; who comes later has it tried again."""
    database = served.datasette.get_database("storyreport")
    execute, asked = database.execute, []

    async def slow(sql: str, *given: Any, **how: Any) -> Any:
        if "last_days" not in sql:
            return await execute(sql, *given, **how)
        asked.append(sql)
        await asyncio.sleep(0.3)
        raise QueryInterrupted(Exception("interrupted"), sql, {})

    async def all_at_once() -> list[int]:
        answers = (served.datasette.client.get("/storyreport/recent_runs") for _ in range(4))
        return [answer.status_code for answer in await asyncio.gather(*answers)]

    # A minute has just begun.
    monkeypatch.setattr(time, "time", lambda: 1.9e9)
    monkeypatch.setattr(database, "execute", slow)
    assert asyncio.run(all_at_once()) == [400] * 4
    assert len(asked) == 1
    assert served.get("/storyreport/recent_runs").status_code == 400
    assert len(asked) == 2


def test_it_is_made_again_when_something_changes(
    served: Served, path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "run-studio" in served.get("/").text
    change(path, "update runs set source_key = 'run-other' where source_key = 'run-studio'")
    page = served.get("/").text
    assert "run-other" in page
    assert "run-studio" not in page
    monkeypatch.setattr(time, "time", lambda: 1.9e9 + 60)
    served.get("/")
    assert len(made) == 3


def test_each_sees_what_they_may_and_what_they_chose(served: Served, made: list[str]) -> None:
    everything = served.get("/").text
    with denied("run_wall"):
        assert 'id="wall"' not in served.get("/").text
    assert "run-studio" not in served.get("/?source=film").text
    # Links carry a chosen period.
    assert "since=7d" in served.get("/?_since=7d").text
    assert served.get("/").text == everything
    assert len(made) == 4
    with denied():
        assert "run-film" not in served.get("/").text


def test_cells_are_made_once_for_who_sees_the_same(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links carry what is chosen, and lead to what may be seen, though the rows are the same."""
    made, cell = [], Visitor.cell

    async def noted(visitor: Visitor, row: Any, column: str) -> Any:
        made.append(column)
        return await cell(visitor, row, column)

    monkeypatch.setattr(time, "time", lambda: 1.9e9)
    monkeypatch.setattr(Visitor, "cell", noted)
    for address in ("/storyreport/recent_runs", "/-/run/run-studio"):
        first = served.get(address).text
        before = len(made)
        assert before
        assert served.get(address).text == first
        assert len(made) == before
        assert "since=7d" in served.get(f"{address}?_since=7d").text
        assert len(made) > before
        assert served.get(address).text == first
        made.clear()
    linked = re.findall(r'<td[^>]*><a href="[^"]*" title="(\w+)">', served.get("/storyreport/health").text)
    assert "failed_runs" in linked
    with denied("failed_runs"):
        assert 'title="failed_runs"' not in served.get("/storyreport/health").text


def test_an_error_is_not_kept(served: Served, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    database = served.datasette.get_database("storyreport")
    execute = database.execute

    async def slow(sql: str, *arguments: Any, **options: Any) -> Any:
        if "silent_since" in sql or "open_work" in sql:
            raise QueryInterrupted(Exception("interrupted"), sql, {})
        return await execute(sql, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(database, "execute", slow)
        assert "took too long" in served.get("/").text
    assert "took too long" not in served.get("/").text
    assert len(made) == 2
