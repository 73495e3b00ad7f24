"""Every address of a server for others: what a stranger, a token and an open server get is what the permission says."""

import asyncio
import json
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
# Addresses that lead by others to what is closed to a token: its report, and the tables stories and errors.
BY_OTHERS = (
    *("/-/feed", "/storyreport/sources/1", "/storyreport/sources/1.json?_extras=foreign_key_tables"),
    *(f"/storyreport/runs{ending}" for ending in ("?_facet=story_id", "/1", ".json?_labels=on", ".csv?_labels=on")),
)
CLOSED_TO_TOKEN = (
    *(f"/storyreport/failed_runs{ending}" for ending in ("", ".json", ".csv", ".svg", ".png", "?_embed=1")),
    *(f"/storyreport/stories{ending}" for ending in ("", ".json", ".csv", "/1", "/1.json", "?_facet=title")),
    *(f"/storyreport/{name}" for name in ("errors", "errors.json?_search=a", "errors_fts", "errors_fts_data.json")),
    '/storyreport/sources.json?_through={"table": "stories", "column": "id", "value": "1"}',
)
PLANTED = re.compile(r"alpha|story-1|run-1|run-lost|Brave Fox|gpt-5|SQLite format")
# What only the closed report and tables say: the title of a story and an error, which fill() writes as a script.
CLOSED_HERE = re.compile(
    r"/storyreport/failed_runs\b|Failed: |/storyreport/stories\?|/errors\?|\"other_table\": \"stories\"|Brave Fox"
)


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


def serving(path: Path, is_open: bool, metadata: Path | None = None) -> Served:
    """A public server."""
    return Served(path, Extras(metadata=metadata, mode=mode_for(path, "0.0.0.0", False, True, is_open, ())))


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
    # The tables that SQLite's search has for itself are nobody's.
    own = "select name from sqlite_master where type in ('table', 'view') and name not like '%\\_fts%' escape '\\'"
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


def test_what_is_closed_to_a_token_shows_nowhere(path: Path, token: str) -> None:
    """Neither in its own addresses nor by others: no rows, labels or counts; the user that it is for sees them."""
    allow = {"allow": {"id": "ann"}}
    blocks = {"queries": {"failed_runs": allow}, "tables": {"stories": allow, "ERRORS": allow}}
    metadata = path.with_name("closed.json")
    metadata.write_text(json.dumps({"databases": {"storyreport": blocks}}), encoding="utf-8")
    session = accounts.read(accounts.path_for(path)).session_of("ann")
    with closing(serving(path, is_open=False, metadata=metadata)) as served:
        by_token = {"headers": {"authorization": f"Bearer {token}"}}
        by_user = {"cookies": {"ds_actor": served.datasette.sign({"a": {"id": "ann", "session": session}}, "actor")}}
        for address, answer in walk(served, [*CLOSED_TO_TOKEN], **by_token).items():
            assert answer.status_code == 403, address
        for address, answer in walk(served, [*BY_OTHERS], **by_token).items():
            assert answer.status_code == 200, address
            assert not CLOSED_HERE.search(answer.text), address
        row, labels = "/storyreport/sources/1", "/storyreport/runs.json?_labels=on"
        seen = walk(served, [row, labels], **by_user)
        assert "hacked" in seen[labels].text
        assert "/storyreport/stories?source_id=1" in seen[row].text


@pytest.mark.parametrize("name", ["_fts_table=errors_fts", "_fts_pk=id"])
def test_a_table_is_not_searched_for_the_texts_of_another(open_to_all: Served, name: str) -> None:
    answer = open_to_all.get(f"/storyreport/stories.json?_search=hacked&{name}")
    assert (answer.status_code, "errors?_search=" in answer.json()["error"]) == (400, True)


def test_a_stranger_learns_no_count_of_what_is_closed(open_to_all: Served) -> None:
    """The page of a source counts the rows that belong to it: two of its tables are open, and five closed."""
    # Each line of Datasette has its own word for it.
    counts = "_extras=foreign_key_tables&_extra=foreign_key_tables"
    rows = open_to_all.get(f"/storyreport/sources/1.json?{counts}").json()["foreign_key_tables"]
    tables = {row["other_table"] for row in rows}
    assert tables >= {"ingests", "stories"}
    assert not tables & CLOSED


def name_of(address: str) -> str:
    """The report or table of an address."""
    return address.removeprefix("/storyreport/").partition(".")[0]
