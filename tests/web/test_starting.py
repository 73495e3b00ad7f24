"""A server that cannot start says why in one sentence."""

import socket
from pathlib import Path

import pytest
from helpers.serving import fill

from storyreport.errors import StoryreportError
from storyreport.web.server import serve


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database."""
    path = tmp_path_factory.mktemp("start") / "storyreport.db"
    fill(path)
    return path


def test_a_port_in_use_is_one_sentence(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StoryreportError, match=f"^Port {port} is in use: "):
            serve(path, "127.0.0.1", port, open_browser=False)


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [("no such host", 0, "^Cannot listen on no such host"), ("127.0.0.1", 70000, "^There is no port 70000: ")],
)
def test_an_address_that_cannot_be_is_one_sentence(path: Path, host: str, port: int, sentence: str) -> None:
    with pytest.raises(StoryreportError, match=sentence):
        serve(path, host, port, open_browser=False)


def test_a_missing_database_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoryreportError, match="There is no report database at"):
        serve(tmp_path / "none.db", "127.0.0.1", 0, open_browser=False)
