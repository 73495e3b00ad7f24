"""Users walk from link to link of a public server: no page breaks, no link leads nowhere, nothing closed shows."""

import asyncio
import html
import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from helpers.serving import Served, fill

from storyreport.web import accounts
from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

PASSWORD = "correct horse battery"
SITE = "http://localhost"
# Where a walk begins beside the home page: what Datasette has for users, on either line.
BEGIN = (
    *("/", "/-/actor.json", "/-/actor", "/-/jump", "/-/tables", "/-/api", "/-/query", "/storyreport/-/query"),
    *("/storyreport/-/schema", "/storyreport/runs/-/schema", "/-/databases", "/-/databases.json", "/-/permissions"),
)
# The closed report and table.
CLOSED = re.compile(r'/storyreport/(?:failed_runs|stories)[?".]')
LINK = re.compile(r'(?:href|src)="([^"]+)"')
ONE_THING = re.compile(r"(/-/(?:run|story|step|pipeline|source)/).+")
ROW = re.compile(r"(/storyreport/\w+)/[^/.]+(\.\w+)?")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A report and a table are open to the group of editors alone, of which ann is one and bob is none."""
    path = tmp_path_factory.mktemp("walk") / "storyreport.db"
    fill(path)
    for name in ("ann", "bob"):
        accounts.add_user(path, name, PASSWORD)
    metadata = path.with_name("closed.json")
    allow = {"allow": {"id": ["ann"]}}
    blocks = {"queries": {"failed_runs": allow}, "tables": {"stories": allow}}
    metadata.write_text(json.dumps({"databases": {"storyreport": blocks}}), encoding="utf-8")
    mode = mode_for(path, "0.0.0.0", False, True, False, ())
    with closing(Served(path, Extras(metadata=metadata, mode=mode))) as found:
        found.path = path  # type: ignore[attr-defined]
        yield found


def kind(address: str) -> str:
    """Addresses of one kind differ in their keys and parameters."""
    return ROW.sub(r"\1/KEY\2", ONE_THING.sub(r"\1KEY", urlsplit(address).path))


def links(address: str, text: str) -> list[str]:
    """The addresses of this server in a page."""
    found = (urldefrag(urljoin(SITE + address, html.unescape(link)))[0] for link in LINK.findall(text))
    return [link[len(SITE) :] for link in found if link.startswith(f"{SITE}/")]


async def walk(datasette: Any, cookies: dict[str, str]) -> dict[str, Any]:
    """address → answer: each kind of address once, from link to link."""
    waiting, met, answers = deque(BEGIN), set(), {}
    while waiting:
        address = waiting.popleft()
        # A picture is drawn from the same rows as the page.
        if kind(address) in met or address.startswith("/-/logout") or ".png" in address:
            continue
        met.add(kind(address))
        answers[address] = answer = await datasette.client.get(address, cookies=cookies)
        if answer.is_redirect:
            waiting.append(answer.headers["location"].removeprefix(SITE))
        elif "html" in answer.headers.get("content-type", ""):
            waiting.extend(links(address, answer.text))
    return answers


def walked(served: Served, name: str) -> dict[str, Any]:
    """The walk of a user who has logged in."""
    session = accounts.read(accounts.path_for(served.path)).session_of(name)  # type: ignore[attr-defined]
    actor = served.datasette.sign({"a": {"id": name, "session": session}}, "actor")
    return asyncio.run(walk(served.datasette, {"ds_actor": actor}))


def test_who_may_see_all_of_it(served: Served) -> None:
    answers = walked(served, "ann")
    wrong = {address: answer.status_code for address, answer in answers.items() if answer.status_code >= 400}
    # Beside what Datasette has on one of its lines only, or for its owner alone.
    assert not {address: code for address, code in wrong.items() if address not in BEGIN}
    assert max(wrong.values(), default=0) < 500
    assert {"/storyreport/failed_runs", "/storyreport/stories"} <= {urlsplit(each).path for each in answers}
    assert len(answers) > 200


def test_who_may_not_see_a_report_and_a_table(served: Served) -> None:
    """Neither pages nor data have a link to them."""
    answers = walked(served, "bob")
    assert not {
        address: answer.status_code
        for address, answer in answers.items()
        if answer.status_code >= 400 and address not in BEGIN
    }
    assert not [address for address, answer in answers.items() if CLOSED.search(unquote(answer.text))]
    assert len(answers) > 200
