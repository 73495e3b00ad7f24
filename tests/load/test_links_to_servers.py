"""The link to a PostgreSQL server: the system looks whether it is alive, and a server that says nothing is left."""

import contextlib
import os
import socket
import time

import pytest
from helpers import postgres
from helpers.stalling import stalling

from storyreport import patience
from storyreport.errors import StoryreportError
from storyreport.readers import postgres as reader

ENDLESS = 1 << 40


@pytest.fixture(scope="module")
def url(server: str) -> str:
    """An empty database."""
    return postgres.new_database(server, "links")


def test_a_link_is_kept_alive(url: str) -> None:
    """After 30 seconds without a byte, every 10 seconds, three times: so within a minute a cut link is an error."""
    with stalling(url, ENDLESS) as through, contextlib.closing(reader.connect(through)) as connection:
        link = socket.socket(fileno=os.dup(connection.fileno()))
        with link:
            assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            options = [
                link.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            ]
    assert options == [30, 10, 3]


@pytest.mark.parametrize("most_bytes", [0, 30, 400])
def test_a_server_that_stalls_as_it_is_met_is_a_sentence(
    url: str, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    """Before its first byte, in the midst of the login, and after it."""
    monkeypatch.setattr(reader, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(patience, "server_seconds", lambda: 2.0)
    begun = time.monotonic()
    with stalling(url, most_bytes) as through, pytest.raises(StoryreportError) as error:
        reader.connect(through)
    assert time.monotonic() - begun < 20
    assert "\n" not in str(error.value)
    assert "127.0.0.1" in str(error.value)
