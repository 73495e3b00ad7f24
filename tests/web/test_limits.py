"""Requests that are too large or too many, and clients that leave: a sentence, and everybody else is served."""

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from helpers.platforms import with_sql
from helpers.processes import fetched, running, serve
from helpers.serving import Served, fill

from storyreport.web import accounts, limits, screen, traffic
from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

MANY = "&".join(f"p{number}=1" for number in range(4000))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database."""
    path = tmp_path_factory.mktemp("limits") / "storyreport.db"
    fill(path)
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """Datasette as it is served by default."""
    served = Served(path)
    yield served
    served.close()


@pytest.mark.parametrize("page", ["/", "/storyreport", "/storyreport/cost", "/storyreport/stories", "/-/run/run-1"])
@pytest.mark.parametrize("extension", ["", ".json"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        (MANY, 414),
        ("&".join(f"p{number}" for number in range(101)), 400),
        ("&".join(["source=a"] * 101), 400),
        ("&" * 3000, 400),
        (f"source={'x' * 2001}", 400),
        (f"{'x' * 201}=1", 400),
        ("x" * 20_000, 414),
        ("&".join(["_facet=status"] * 6), 400),
        ("_facet=status&_facet=kind&_facet=id&_facet_array=title&_facet_date=started_at&_facet=story_id", 400),
    ],
)
def test_too_much_in_an_address_is_a_sentence(
    served: Served, page: str, extension: str, query: str, status: int
) -> None:
    begun = time.process_time()
    answer = served.get(f"{page.rstrip('/') + extension if page != '/' else '/'}?{query}")
    assert answer.status_code == status
    assert time.process_time() - begun < 10
    if extension and page != "/":
        assert answer.json()["status"] == status
    else:
        assert answer.headers["content-type"].startswith("text/plain")
        assert len(answer.text.splitlines()) == 1


def test_a_long_path_is_a_sentence(served: Served) -> None:
    assert served.get(f"/storyreport/{'x' * 5000}").status_code == 414


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
@pytest.mark.parametrize("address", ["/", "/-/logout", "/-/login", "/-/reports", "/storyreport/cost.json"])
def test_methods_that_no_page_knows_are_a_sentence(served: Served, method: str, address: str) -> None:
    answer = asyncio.run(served.datasette.client.request(method, address))
    assert (answer.status_code, "Use GET" in answer.text) == (405, True)


def test_a_web_socket_is_refused(served: Served) -> None:
    """A page's address, asked for one: Datasette's answer would be a traceback."""
    sent: list[Any] = []

    async def ask() -> None:
        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        scope = {"type": "websocket", "path": "/", "raw_path": b"/", "query_string": b"", "headers": []}
        await screen.screen(served.datasette)(served.datasette.app())(scope, receive, send)

    asyncio.run(ask())
    assert sent == ["websocket.close"]


def test_what_people_use_is_within_the_limits(served: Served) -> None:
    facets = "_facet=status&_facet=kind&_facet=story_id&_facet=source_id&_facet_date=started_at&_facet_size=3"
    filters = "&".join(f"_filter_column_{number}=id" for number in range(20))
    for query in (facets, f"{filters}&_size=max", f"_search={'word ' * 100}"):
        assert served.get(f"/storyreport/runs?{query}").status_code == 200, query
    assert served.get("/storyreport/runs?_size=1001").status_code == 400
    assert served.get("/storyreport/cost?" + "&".join(f"p{number}=1" for number in range(90))).status_code == 400


def test_a_large_body_is_refused(path: Path) -> None:
    with running(serve(path), path.parent) as (address, _):
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
        connection.putrequest("POST", "/-/messages")
        connection.putheader("content-length", str(limits.BODY_BYTES + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
        chunks = (b"x" * (1 << 16) for _ in range(64))
        try:
            connection.request("POST", "/-/messages", body=chunks, encode_chunked=True)
            assert connection.getresponse().status >= 400
        except (OSError, http.client.HTTPException):
            pass  # the server has hung up
        connection.close()
        assert fetched(address + "/storyreport/cost.json")[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "multipart/form-data; boundary=x"}, 415),
        ({"transfer-encoding": "chunked", "content-length": "3"}, 400),
        # Bytes that are no text.
        ({"content-type": "application/x-www-form-urlencoded"}, 403),
    ],
)
def test_forms_that_cannot_be_read_are_a_sentence(path: Path, headers: dict[str, str], status: int) -> None:
    accounts.add_user(path, "ann", "correct horse battery")
    served = Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, False, ())))
    sent = served.datasette.client.post("/-/login", headers=headers, content=b"\xff\xfe%zz=%ff&name=%ff%00")
    answer = asyncio.run(sent)
    assert answer.status_code == status
    # What follows such a request may be one that somebody hid from a proxy.
    assert (answer.headers.get("connection") == "close") == (len(headers) == 2)
    served.close()


def test_a_body_that_does_not_come_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client counts as gone; after the whole body, and until it leaves, a client may wait for its answer."""
    # Long enough for messages that are there, on a machine that is busy.
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)

    async def received(*messages: dict[str, Any], method: str = "POST", header: str = "") -> list[str]:
        waiting = iter(messages)

        async def receive() -> dict[str, Any]:
            if (message := next(waiting, None)) is None:
                await asyncio.Event().wait()
            assert message
            return message

        scope = {"method": method, "headers": [(header.encode(), b"9")] if header else []}
        bounded = limits.bounded(scope, receive)
        found = [(await bounded())["type"] for _ in messages]
        with contextlib.suppress(asyncio.TimeoutError):
            found.append((await asyncio.wait_for(bounded(), 0.5))["type"])
        return found

    part = {"type": "http.request", "body": b"name=", "more_body": True}
    whole = {**part, "more_body": False}
    assert asyncio.run(received(part, part)) == ["http.request", "http.request", "http.disconnect"]
    assert asyncio.run(received(part, whole)) == ["http.request", "http.request"]
    # A request that only reads has a body where its headers say so.
    for header in ("content-length", "transfer-encoding"):
        assert asyncio.run(received(part, part, method="GET", header=header))[-1] == "http.disconnect"
    assert asyncio.run(received(part, part, method="GET")) == ["http.request", "http.request"]


def test_bodies_that_do_not_come_keep_no_reader_out(served: Served) -> None:
    """As many as there are places, and one more is asked to come back; pages are served."""
    app = served.datasette.app()
    scope: dict[str, Any] = {
        "type": "http",
        "path": "/-/messages",
        "raw_path": b"/-/messages",
        "query_string": b"",
        "headers": [],
    }

    async def run() -> tuple[list[int], int]:
        refused: list[int] = []

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                refused.append(message["status"])

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        posts = [
            asyncio.create_task(app({**scope, "method": "POST", "http_version": "1.1"}, receive, send))
            for _ in range(traffic.AT_ONCE + 1)
        ]
        while not refused:
            await asyncio.sleep(0)
        page = await served.datasette.client.get("/storyreport/cost.json")
        for post in posts:
            post.cancel()
        await asyncio.gather(*posts, return_exceptions=True)
        return refused, page.status_code

    assert asyncio.run(run()) == ([503], 200)


async def messages_of(app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """What an ASGI app sends in answer to a request without a body."""
    sent: list[dict[str, Any]] = []
    left = asyncio.Event()
    first = True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b""}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def test_too_many_requests_at_once_are_asked_to_come_back(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "AT_ONCE", 4)

    async def all_at_once() -> list[Any]:
        client = served.datasette.client
        return list(await asyncio.gather(*(client.get("/storyreport/slowest_steps.json") for _ in range(30))))

    answers = asyncio.run(all_at_once())
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 4
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert int(busy.headers["retry-after"]) > 0
    assert busy.json()["error"].startswith("This server answers as many requests as it can: ")
    assert served.get("/storyreport/slowest_steps.json").status_code == 200


ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select sum(i) from n"


def test_the_work_of_a_client_that_left_is_stopped(path: Path, tmp_path: Path) -> None:
    """Three reports that never end fill the three threads; their clients leave, and the next one is served at once."""
    report = f"/*\ntitle: Endless\ndescription: Never ends.\ntopic: Tests\nparams: {{}}\n*/\n{ENDLESS}\n"
    (tmp_path / "endless.sql").write_text(report, "utf-8")
    options = ("--queries", str(tmp_path), "--setting", "sql_time_limit_ms", "30000")
    with running(serve(path, *options), tmp_path) as (address, _):
        assert fetched(address + "/storyreport/slowest_steps.json")[0] == 200
        host, port = urlsplit(address).netloc.split(":")
        clients = [socket.create_connection((host, int(port))) for _ in range(6)]
        for client in clients:
            client.sendall(b"GET /storyreport/endless.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(1)
        answers: list[int] = []
        waiting = threading.Thread(target=lambda: answers.append(fetched(address + "/storyreport/cost.json")[0]))
        waiting.start()
        time.sleep(1)
        assert answers == []
        for client in clients:
            client.close()
        waiting.join(timeout=10)
        assert answers == [200]


@with_sql
def test_the_sql_of_a_client_that_left_is_stopped(path: Path, tmp_path: Path) -> None:
    options = ("--sql", "--setting", "sql_time_limit_ms", "30000")
    with running(serve(path, *options), tmp_path) as (address, _):
        host, port = urlsplit(address).netloc.split(":")
        clients = [socket.create_connection((host, int(port))) for _ in range(2)]
        for client in clients:
            request = f"GET /storyreport.json?sql={quote(ENDLESS)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            client.sendall(request.encode())
        time.sleep(2)
        for client in clients:
            client.close()
        begun = time.monotonic()
        assert fetched(f"{address}/storyreport.json?sql=select+1")[0] == 200
        assert time.monotonic() - begun < 10
