"""The link to a PostgreSQL server: the system looks whether it is alive, and a server that says nothing is left."""

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
from helpers import postgres
from helpers.stalling import stalling

from storyreport import patience
from storyreport.errors import StoryreportError
from storyreport.readers import links
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


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        ("select * from kept", "another session keeps one of its tables locked; try again when it has finished"),
        ("select pg_sleep(9)", "its tables are slow to read, or locked; try again, or give a longer --wait"),
        ("select pg_terminate_backend(pg_backend_pid())", "try again later"),
        ("select * from absent", "check the address, the user and its rights"),
    ],
)
def test_a_sentence_says_what_to_do(url: str, monkeypatch: pytest.MonkeyPatch, statement: str, advice: str) -> None:
    monkeypatch.setattr(reader, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(patience, "server_seconds", lambda: 0.5)
    postgres.execute(url, "create table if not exists kept (id integer)")
    with psycopg.connect(url) as other, contextlib.closing(reader.connect(url)) as connection:
        other.execute("lock table kept in access exclusive mode")
        with pytest.raises(StoryreportError) as error, reader.querying(url):
            connection.execute(statement)
        other.rollback()
    assert str(error.value).endswith(f"): {advice}.")


def test_a_server_that_fell_silent_may_need_more_time() -> None:
    with pytest.raises(StoryreportError, match=r"or give a longer --wait\.$"), reader.querying("postgresql://h/d"):
        raise psycopg.OperationalError("the server has sent nothing for 2 seconds")


def message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


LOGGED_IN = message(b"R", struct.pack("!i", 0)) + message(b"Z", b"I")
NOTICE = message(b"N", b"SNOTICE\0C00000\0Mwait\0\0")
# A row of a gigabyte, of which there is never enough.
ROW = b"D" + struct.pack("!ihi", 1 << 30, 1, (1 << 30) - 6)
COLUMN = message(b"T", struct.pack("!h", 1) + b"a\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0))


@contextlib.contextmanager
def saying(begin: bytes, again: bytes, pause: float) -> Iterator[str]:
    """A server that lets everybody in, and then says one thing, and another without end."""

    def serve(link: socket.socket) -> None:
        with link, contextlib.suppress(OSError):
            link.recv(8)
            link.sendall(b"N")
            link.recv(1000)
            link.sendall(LOGGED_IN + begin)
            while True:
                link.sendall(again)
                time.sleep(pause)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: serve(listener.accept()[0]), daemon=True).start()
        yield f"postgresql://a@127.0.0.1:{listener.getsockname()[1]}/a"


@pytest.mark.parametrize(
    ("begin", "again", "pause", "reason"),
    [
        (b"", NOTICE, 0.01, r"has not ended after 0 seconds"),
        (b"", NOTICE * 1000, 0.0, r"has not ended after 0 seconds"),
        (COLUMN + ROW, b"x" * 1_000_000, 0.0, r"takes more than 20 MB of memory"),
    ],
    ids=["notices", "a flood of notices", "a row"],
)
def test_an_answer_without_end_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, begin: bytes, again: bytes, pause: float, reason: str
) -> None:
    monkeypatch.setattr(links, "LONGEST_ANSWER", 0.2 if "ended" in reason else 10)
    # As if the process took 10 MB more each time that it is looked at, of which the first is what it has.
    assert links._most_memory() > 1 << 20
    monkeypatch.setattr(links, "_most_memory", count(step=10 << 20 if "memory" in reason else 0).__next__)
    monkeypatch.setattr(links, "LARGEST_ANSWER", 20 << 20)
    monkeypatch.setattr(patience, "server_seconds", lambda: 2.0)
    with saying(begin, again, pause) as url, pytest.raises(StoryreportError, match=reason) as error:
        reader.connect(url)
    assert "\n" not in str(error.value)
