"""A site can let its own name lead to this machine; a server of one's own answers no such name."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.serving import Served, fill

from storyreport.web.mode import Mode
from storyreport.web.server import Extras

OWN = ("localhost", "LOCALHOST:8001", "127.0.0.1:8001", "[::1]:8001", "127.9.9.9", "story.localhost:8001")
OTHER = ("evil.example", "evil.example:8001", "localhost.evil.example", "127.0.0.1.evil.example", "evil@x", "", "[::1")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database."""
    path = tmp_path_factory.mktemp("names") / "storyreport.db"
    fill(path)
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """A server of one's own."""
    with closing(Served(path)) as served:
        yield served


def status(served: Served, address: str, host: str) -> tuple[int, str]:
    """The status and the text of an answer to a request that names a host."""
    answer = asyncio.run(served.datasette.client.get(address, headers={"host": host}))
    return answer.status_code, answer.text


@pytest.mark.parametrize("address", ["/storyreport/stories.json", "/storyreport/cost", "/static/page.js"])
def test_another_name_is_not_answered(served: Served, address: str) -> None:
    for host in OTHER:
        found, text = status(served, address, host)
        assert found == 403, host
        assert "open it as localhost" in text
        assert "Brave Fox" not in text


def test_own_names_are_answered(served: Served) -> None:
    for host in OWN:
        assert status(served, "/storyreport/cost.json", host)[0] == 200, host


def test_a_public_server_has_any_name(path: Path) -> None:
    with closing(Served(path, Extras(mode=Mode(public=True)))) as public:
        assert status(public, "/storyreport/cost.json", "reports.example")[0] == 200
