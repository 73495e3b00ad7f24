"""Every route of Datasette, found by program: what a stranger at an open server gets, and that nothing is changed."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from helpers.serving import Served, fill

from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

# What stands in an address for each part of a route.
PARTS = {
    "database": "storyreport", "table": "TABLE", "query": "cost", "pks": "1", "rest": "", "path": "app.css",
    "page": "cost", "kind": "story", "key": "story-1", "slug": "x", "chart_slug": "y",
}  # fmt: skip
FORMAT = re.compile(r"\(\\\.\(\?P<(?:format|as_format)>[^)]*\)\)\??")
PART = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^)]*\))*\)")
# Addresses with /-/ that are open: pages of ours, styles, the list of reports, what the page of a table fetches.
OPEN = re.compile(
    r"/-/(reports|pages|feed|page/cost|story/story-1|static/.*|static-plugins/.*|login|auth-token|)(\.json)?"
    r"|/storyreport/-/(queries|query)(\.json)?|/storyreport/cost/-/definition"
    r"|/storyreport/stories/-/(count|fragment|autocomplete)"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A public server that asks nobody to log in."""
    path = tmp_path_factory.mktemp("routes") / "storyreport.db"
    fill(path)
    with closing(Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, True, ())))) as served:
        asyncio.run(served.datasette.invoke_startup())
        yield served


def addresses(served: Served, table: str) -> list[str]:
    """An address for each route, with and without a format."""
    found = []
    for pattern, _ in served.datasette._routes():
        route = pattern.pattern.removeprefix("^").removesuffix("$")
        for extension in ("", ".json"):
            place = PART.sub(lambda part: PARTS.get(part[1], "x"), FORMAT.sub(extension, route))
            found.append(place.replace("\\", "").replace("TABLE", table))
    return list(dict.fromkeys(found))


def ask(served: Served, places: list[str], method: str) -> dict[str, Any]:
    """address → the first answer, wherever it leads."""

    async def ask_all() -> dict[str, Any]:
        return {each: await served.datasette.client.request(method, each) for each in places}

    return asyncio.run(ask_all())


def test_what_tells_of_the_server_and_its_schema_is_closed(served: Served) -> None:
    """Of the addresses with /-/, a stranger gets those that the reports need."""
    places = addresses(served, "stories")
    assert len(places) > 50, "the routes were found"
    for place, answer in ask(served, places, "GET").items():
        if "/-/" in place and not OPEN.fullmatch(place):
            assert answer.status_code == 403, place
        assert "keyed_hash" not in answer.text, place
    # An address that only looks like one of ours.
    for place in ("/storyreport/stories/-/schema/", "/storyreport/-/schema.md", "/x/-/-/reports", "/-/-/reports"):
        assert served.get(place).status_code in (403, 404), place


def test_what_is_private_has_no_other_address(served: Served) -> None:
    """A closed table is closed in each of its addresses."""
    for place, answer in ask(served, [each for each in addresses(served, "inputs") if "inputs" in each], "GET").items():
        assert answer.status_code in (403, 404, 405), place
        assert "/data/alpha.db" not in answer.text, place


def test_nothing_is_changed_by_a_visitor(served: Served) -> None:
    """Whatever is posted to an address of the data is refused with a sentence, and never a traceback."""
    places = [each for table in ("stories", "inputs") for each in addresses(served, table)]
    for place, answer in ask(served, places, "POST").items():
        assert answer.status_code < 500, place
        if place == "/" or place.startswith("/storyreport"):
            is_count = place.endswith("/-/count")
            assert answer.status_code in ((200, 403, 404, 405) if is_count else (403, 405)), place
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "X"):
        assert ask(served, ["/storyreport/stories/1"], method)["/storyreport/stories/1"].status_code == 405, method
