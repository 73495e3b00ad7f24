"""Every address of a server for others: what a stranger, a token and an open server get is what the permission says."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ask
from helpers.serving import Served, fill

from storyreport import dashboards, reports
from storyreport.web import accounts
from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

# A pipeline that nobody has.
NOWHERE = "/-/pipeline/none"
DETAILS = ("/-/story/story-1", "/-/run/run-1", "/-/step/write", "/-/source/alpha")
PAGES = ("/", "/-/reports", "/-/reports?q=write", "/-/pages", "/storyreport", NOWHERE, *DETAILS)
# Reports and tables that an open server keeps to itself: where sources lie, what was refused, what people noted.
CLOSED = {
    *("inputs", "lakes", "rejected_rows", "rejects", "row_blocks", "secrets", "source_states", "unchanged_requests"),
    *("acknowledged_findings", "acknowledgements", "known_findings", "notes"),
}
PLANTED = re.compile(r"alpha|story-1|run-1|run-lost|Brave Fox|gpt-5|SQLite format")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database with a user."""
    path = tmp_path_factory.mktemp("walk") / "storyreport.db"
    fill(path)
    accounts.add_user(path, "ann", "correct horse battery")
    return path


@pytest.fixture(scope="module")
def token(path: Path) -> str:
    """A token for scripts."""
    return accounts.create_token(path, "ci")


def serving(path: Path, is_open: bool) -> Served:
    """A public server."""
    return Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, is_open, ())))


@pytest.fixture(scope="module")
def with_logins(path: Path) -> Iterator[Served]:
    """A public server that asks for a login."""
    with closing(serving(path, is_open=False)) as served:
        yield served


@pytest.fixture(scope="module")
def open_to_all(path: Path) -> Iterator[Served]:
    """A public server that asks nobody to log in."""
    with closing(serving(path, is_open=True)) as served:
        yield served


def addresses(path: Path) -> list[str]:
    """The pages, dashboards, reports as page and as data, and tables of a server."""
    # Datasette 1.0 keeps the tables that SQLite's search has for itself from everybody.
    own = "select name from sqlite_master where type in ('table', 'view') and name not like '%\\_fts\\_%' escape '\\'"
    tables = [name for (name,) in ask(path, own)]
    return [
        *PAGES,
        *(f"/-/page/{name}" for name in dashboards.load().pages),
        *(f"/storyreport/{name}{ending}" for name in reports.load_reports() for ending in ("", ".json", ".csv")),
        *(f"/storyreport/{name}{ending}" for name in tables for ending in ("", ".json")),
    ]


def walk(served: Served, places: list[str], **how: Any) -> dict[str, Any]:
    """address → the first answer, wherever it leads."""

    async def get_all() -> dict[str, Any]:
        return {each: await served.datasette.client.get(each, **how) for each in places}

    return asyncio.run(get_all())


def is_data(address: str) -> bool:
    """Whether an address is for scripts."""
    return address.endswith((".json", ".csv"))


def test_a_stranger_at_a_server_with_logins(path: Path, with_logins: Served) -> None:
    """Pages lead to the login, data is a 401; nothing of the database is in either."""
    for address, answer in walk(with_logins, addresses(path)).items():
        assert answer.status_code == (401 if is_data(address) else 302), address
        assert not PLANTED.search(answer.text), address
        # The address itself is handed on, escaped.
        assert is_data(address) or answer.headers["location"].startswith("/-/login?next=/"), address


def test_a_token_at_a_server_with_logins(path: Path, with_logins: Served, token: str) -> None:
    """Who has logged in reads all of it."""
    answers = walk(with_logins, addresses(path), headers={"authorization": f"Bearer {token}"})
    assert {address for address, answer in answers.items() if answer.status_code != 200} == {NOWHERE}
    assert answers[NOWHERE].status_code == 404
    assert "Brave Fox" in answers["/storyreport/stories"].text


def test_a_stranger_at_an_open_server(path: Path, open_to_all: Served) -> None:
    """The pages that the bar leads to, reports and tables are open; what tells of the sources is not."""
    answers = walk(open_to_all, addresses(path))
    closed = {address for address, answer in answers.items() if answer.status_code == 403}
    assert closed == {address for address in answers if name_of(address) in CLOSED}
    assert {address for address, answer in answers.items() if answer.status_code not in (200, 403)} == {NOWHERE}
    for address in closed:
        assert not PLANTED.search(answers[address].text), address


def name_of(address: str) -> str:
    """The report or table of an address."""
    return address.removeprefix("/storyreport/").partition(".")[0]
