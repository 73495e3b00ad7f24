"""A server for others: strangers see nothing, or not how it is built; headers say what browsers may do."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from datasette import Request
from helpers.serving import Served, fill

from storyreport.errors import StoryreportError, UsageError
from storyreport.web import accounts, door
from storyreport.web.mode import Mode, mode_for
from storyreport.web.server import Extras

PASSWORD = "correct horse battery"
# Every kind of address: pages, data, tables, Datasette's own, the file; and spellings of these.
ADDRESSES = (
    "/", "/?q=write", "/storyreport", "/storyreport/slowest_steps", "/storyreport/slowest_steps.json",
    "/storyreport/slowest_steps.csv", "/storyreport/stories", "/storyreport/stories/1", "/storyreport/inputs.json",
    "/storyreport.db", "/storyreport.json", "/-/story/story-1", "/-/source/alpha", "/-/databases", "/-/databases.json",
    "/-/threads", "/-/versions.json", "/-/plugins", "/-/patterns", "/-/settings.json", "/-/actor.json", "/-/", "/-/api",
    "/static/../storyreport", "/-/login/", "/-/LOGIN", "/-/login/../../storyreport.json", "/%2D/databases", "/unknown",
)  # fmt: skip
# Datasette's pages on how a server is built, of both lines.
BUILT = ("databases", "threads", "versions", "plugins", "patterns", "settings", "metadata", "config", "permissions")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database with a user and a token."""
    path = tmp_path_factory.mktemp("public") / "storyreport.db"
    fill(path)
    accounts.add_user(path, "ann", PASSWORD)
    return path


@pytest.fixture(scope="module")
def token(path: Path) -> str:
    """A token for scripts."""
    return accounts.create_token(path, "ci")


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """A public server."""
    served = Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, False, ())))
    yield served
    served.close()


@pytest.fixture(scope="module")
def open_to_all(path: Path) -> Iterator[Served]:
    """A public server that asks nobody to log in, and whose reports one site may embed."""
    served = Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, True, ("https://wiki.example",))))
    yield served
    served.close()


def get(served: Served, address: str, **how: Any) -> Any:
    """The first answer, wherever it leads."""
    return asyncio.run(served.datasette.client.get(address, **how))


def log_in(served: Served, name: str, password: str, target: str = "", **headers: str) -> Any:
    """The answer to a name and a password in the login form."""

    async def fill_in() -> Any:
        page = await served.datasette.client.get("/-/login")
        csrf = re.search(r'name="csrftoken" value="([^"]+)"', page.text)
        data = {"name": name, "password": password, "next": target} | ({"csrftoken": csrf[1]} if csrf else {})
        return await served.datasette.client.post("/-/login", data=data, cookies=dict(page.cookies), headers=headers)

    return asyncio.run(fill_in())


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_sees_nothing(served: Served, address: str) -> None:
    """A page leads to the login, data is a 401 with a sentence; nothing of the database is in either."""
    answer = get(served, address)
    assert answer.status_code in (302, 401)
    assert not re.search(r"alpha|story-1|write|SQLite format", answer.text)
    if answer.status_code == 302:
        target = urlsplit(answer.headers["location"])
        assert target.path == "/-/login"
        assert parse_qs(target.query)["next"][0].startswith("/")
    else:
        assert answer.headers["www-authenticate"] == "Bearer"


def test_the_login_page_is_open(served: Served) -> None:
    """With its style, and Datasette's own login of `serve --root`, which wants a token."""
    assert 'type="password"' in get(served, "/-/login").text
    assert get(served, "/static/storyreport.css").status_code == 200
    assert get(served, "/-/auth-token").status_code == 403
    answer = get(served, f"/-/auth-token?token={served.datasette._root_token}")
    assert answer.status_code == 302
    # A session of root from a server that was started with --root opens nothing on one that was not.
    cookies = {"ds_actor": answer.cookies["ds_actor"]}
    assert get(served, "/storyreport/cost", cookies=cookies).status_code == 302


def test_a_token_reads(served: Served, token: str) -> None:
    """The header of a token opens pages and data; a wrong one opens nothing, and neither does one in the address."""
    bearer = {"authorization": f"Bearer {token}"}
    assert "write" in get(served, "/storyreport/slowest_steps.json", headers=bearer).text
    assert get(served, "/storyreport/inputs.json", headers=bearer).status_code == 200
    for wrong in (
        f"Bearer {token}x",
        f"Bearer {token[:-1]}",
        "Bearer sr_",
        "Bearer dstok_x",
        "Basic YW5uOnh4",
        "Bearer \xff",
        "",
    ):
        headers = {"authorization": wrong.encode("latin-1")}
        assert get(served, "/storyreport/slowest_steps.json", headers=headers).status_code == 401, wrong
    assert get(served, f"/storyreport/slowest_steps.json?token={token}").status_code == 401


@pytest.mark.parametrize("address", ["/", "/storyreport/cost.json", "/-/databases.json"])
def test_a_wrong_token_of_datasettes_own_is_no_error(open_to_all: Served, address: str) -> None:
    """Where nobody logs in: an earlier Datasette does not look at it, a later one says that it is wrong."""
    answer = get(open_to_all, address, headers={"authorization": "Bearer dstok_x"})
    assert answer.status_code in ({401, 403} if "databases" in address else {200, 401})


def test_a_user_logs_in_and_is_removed(path: Path, served: Served) -> None:
    """The session opens what the login was for; it ends with a new password, and with the user."""
    accounts.add_user(path, "bob", PASSWORD)
    answer = log_in(served, "bob", PASSWORD, "/storyreport/cost?source=alpha")
    assert (answer.status_code, answer.headers["location"]) == (302, "/storyreport/cost?source=alpha")
    cookies = {"ds_actor": answer.cookies["ds_actor"]}
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert get(served, "/storyreport/slowest_steps", cookies=cookies).status_code == 200
    accounts.add_user(path, "bob", PASSWORD + "!")
    assert get(served, "/storyreport/slowest_steps", cookies=cookies).status_code == 302
    cookies = {"ds_actor": log_in(served, "bob", PASSWORD + "!").cookies["ds_actor"]}
    assert get(served, "/storyreport/slowest_steps", cookies=cookies).status_code == 200
    accounts.remove(path, "users", "bob")
    assert get(served, "/storyreport/slowest_steps", cookies=cookies).status_code == 302


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x", "/a\nb"]
)
def test_a_login_leads_to_no_other_site(served: Served, target: str) -> None:
    assert log_in(served, "ann", PASSWORD, target).headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
def test_another_site_logs_nobody_in(served: Served, headers: dict[str, str]) -> None:
    """The visitor's browser would send the form and be logged in as somebody else."""
    assert log_in(served, "ann", PASSWORD, **headers).status_code == 403
    for ours in ({"sec-fetch-site": "same-origin"}, {"origin": "http://localhost"}):
        assert log_in(served, "ann", PASSWORD, **ours).status_code == 302


def test_a_proxy_need_not_know_our_name() -> None:
    """With HTTPS, browsers say which site a form comes from."""
    behind = Request.fake("/-/login", "POST")
    names = {b"host": b"10.0.0.5:8001", b"origin": b"https://reports.example", b"x-forwarded-proto": b"https"}
    behind.scope["headers"] = list(names.items())
    assert not door._is_of_another_site(behind)
    behind.scope["headers"] = list(names.items())[:2]
    assert door._is_of_another_site(behind)


@pytest.mark.parametrize("name", ["x" * 100_000, "", "no name", "ann\0"])
def test_a_name_that_nobody_can_have_is_not_remembered(served: Served, name: str) -> None:
    known = dict(door._ATTEMPTS.get(served.datasette, door.Attempts()).wrong)
    assert log_in(served, name, PASSWORD).status_code == 403
    assert door._ATTEMPTS.get(served.datasette, door.Attempts()).wrong == known


def test_the_login_page_is_not_kept(served: Served) -> None:
    """Its form holds one visitor's token."""
    assert get(served, "/-/login").headers["cache-control"] == "private, no-store"


def test_wrong_passwords(served: Served) -> None:
    """One answer for a wrong password and an unknown name, which waits as long; then the name waits a minute."""
    first = log_in(served, "ann2", PASSWORD)
    assert first.status_code == 403
    assert "The name or the password is wrong." in first.text
    answers = [log_in(served, "eve", f"wrong {number}").status_code for number in range(door.WRONG + 1)]
    assert answers == [403] * door.WRONG + [429]
    assert log_in(served, "ann", PASSWORD).status_code == 302


def test_a_password_is_checked_beside_the_pages(served: Served, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is checked everybody else is answered; the third at the same time is asked to try again."""
    go_on = threading.Event()
    monkeypatch.setattr(accounts, "is_password", lambda *_: go_on.wait(30) and False)

    async def all_at_once() -> tuple[float, int, list[int]]:
        client = served.datasette.client
        page = await client.get("/-/login")
        csrf = re.search(r'name="csrftoken" value="([^"]+)"', page.text)
        data = {"password": PASSWORD} | ({"csrftoken": csrf[1]} if csrf else {})
        posts = [
            asyncio.create_task(client.post("/-/login", data={**data, "name": f"u{n}"}, cookies=dict(page.cookies)))
            for n in range(3)
        ]
        done, _ = await asyncio.wait(posts, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        begun = time.monotonic()
        other = await client.get("/storyreport/slowest_steps", headers={"authorization": f"Bearer {token}"})
        took = time.monotonic() - begun
        go_on.set()
        assert len(done) == 1
        return took, other.status_code, sorted(answer.status_code for answer in await asyncio.gather(*posts))

    took, other, statuses = asyncio.run(all_at_once())
    assert other == 200
    assert took < 25  # those whose passwords are checked wait for 30
    assert statuses == [403, 403, 503]


@pytest.mark.parametrize("page", BUILT)
@pytest.mark.parametrize("extension", ["", ".json"])
def test_how_it_is_built_is_closed(open_to_all: Served, token: str, page: str, extension: str) -> None:
    """Without a login the reports are open, Datasette's pages about itself are not."""
    assert get(open_to_all, f"/-/{page}{extension}").status_code == 403


def test_what_an_open_server_shows(open_to_all: Served) -> None:
    """Reports and their rows; not where the sources lie, their rejected rows, or the file."""
    for address in ("/", "/storyreport/slowest_steps", "/storyreport/stories", "/-/story/story-1", "/-/source/alpha"):
        assert get(open_to_all, address).status_code == 200, address
    for address in ("/storyreport/inputs", "/storyreport/rejects", "/storyreport/rejected_rows", "/storyreport.db"):
        assert get(open_to_all, address).status_code == 403, address
    closed = get(open_to_all, "/storyreport/inputs.json")
    assert (closed.status_code, closed.json()["ok"], closed.json()["status"]) == (403, False, 403)
    assert "/data/alpha.db" not in get(open_to_all, "/-/source/alpha").text
    assert get(open_to_all, "/-/login").status_code == 404


def test_headers(served: Served, open_to_all: Served) -> None:
    """On pages, data, files, refusals: no guessing, nothing from elsewhere, no frames; but for reports, of one site."""
    for each, address in (
        (served, "/-/login"), (served, "/"), (served, "/storyreport/cost.json"), (open_to_all, "/"),
        (open_to_all, "/storyreport/cost.csv"), (open_to_all, "/static/page.js"), (open_to_all, "/unknown"),
        (open_to_all, "/-/threads"),
    ):  # fmt: skip
        headers = get(each, address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in ("same-origin", "no-referrer")
        assert headers["x-frame-options"] == "SAMEORIGIN"
        policy = headers["content-security-policy"]
        assert "default-src 'self';" in policy
        assert "object-src 'none'" in policy
        assert policy.endswith("frame-ancestors 'self'")
    embedded = get(open_to_all, "/storyreport/cost?_embed=1").headers
    assert "x-frame-options" not in embedded
    assert embedded["content-security-policy"].endswith("frame-ancestors 'self' https://wiki.example")


@pytest.mark.parametrize(
    "address",
    [
        "/", "/storyreport/cost", "/storyreport/cost.json", "/storyreport/cost.csv?_dl=1",
        "/storyreport/slowest_steps.png", "/storyreport/stories.json?_ttl=31536000", "/storyreport/stories/1?_ttl=0",
        "/-/feed", "/-/nothing",
    ],
)  # fmt: skip
def test_no_proxy_keeps_what_one_visitor_may_see(served: Served, open_to_all: Served, token: str, address: str) -> None:
    """Whoever asks the same afterwards may have no login; files are the same for all."""
    bearer = {"authorization": f"Bearer {token}"}
    for each, headers in ((served, bearer), (served, {}), (open_to_all, {"cookie": "ds_actor=x"})):
        assert "private" in get(each, address, headers=headers).headers["cache-control"]
    assert "private" not in get(open_to_all, address).headers.get("cache-control", "")
    assert "private" not in get(served, "/static/storyreport.css", headers=bearer).headers.get("cache-control", "")


@pytest.mark.parametrize(("proto", "is_secure"), [("https", True), ("http", False), ("", False), ("https, http", True)])
def test_a_cookie_is_secure_behind_a_proxy(served: Served, proto: str, is_secure: bool) -> None:
    headers = {"x-forwarded-proto": proto} if proto else {}
    assert ("Secure" in log_in(served, "ann", PASSWORD, **headers).headers["set-cookie"]) == is_secure


def test_a_session_outlives_the_server(path: Path, served: Served) -> None:
    """The key that signs sessions is in the file of accounts."""
    cookies = {"ds_actor": log_in(served, "ann", PASSWORD).cookies["ds_actor"]}
    again = Served(path, Extras(mode=mode_for(path, "127.0.0.1", False, True, False, ())))
    assert get(again, "/storyreport/cost", cookies=cookies).status_code == 200
    again.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_server_of_ones_own(path: Path, host: str) -> None:
    """Nobody logs in, and how it is built may be seen."""
    assert mode_for(path, host, False, False, False, ()) == Mode(local=True)
    served = Served(path)
    assert get(served, "/-/versions.json").status_code == 200
    served.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_others_are_let_in_by_a_word(path: Path, host: str, tmp_path: Path) -> None:
    """Any host but loopback wants --public, which wants somebody who can log in, or --anonymous."""
    with pytest.raises(UsageError, match="add --public"):
        mode_for(path, host, False, False, False, ())
    with pytest.raises(StoryreportError, match="Nobody can log in: add a user"):
        mode_for(tmp_path / "other.db", host, False, True, False, ())
    assert mode_for(tmp_path / "other.db", host, False, True, True, ()).login is False
