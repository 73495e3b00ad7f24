"""Who may see what: a report hidden by Datasette's configuration is nowhere, and a refusal is a sentence."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import closing, nullcontext
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from datasette import Forbidden
from helpers.denying import denied
from helpers.serving import AS_OF, Served, fill

from storyreport import reports
from storyreport.web import permissions, queries
from storyreport.web.server import Extras

REFUSAL = "You may not see this report."


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled report database."""
    path = tmp_path_factory.mktemp("permissions") / "storyreport.db"
    fill(path)
    return path


def closed(path: Path, **block: Any) -> Served:
    """Datasette with a block of metadata over ours."""
    metadata = path.with_name("metadata.json")
    metadata.write_text(json.dumps(block), encoding="utf-8")
    return Served(path, Extras(metadata=metadata))


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    """Datasette configured so that root alone may see what is stuck."""
    queries = {"stuck_runs": {"allow": {"id": "root"}}}
    served = closed(path, databases={"storyreport": {"queries": queries}})
    yield served
    served.close()


def by_root(served: Served, address: str) -> Any:
    """The answer that root gets."""
    cookies = {"ds_actor": served.datasette.sign({"a": {"id": "root"}}, "actor")}
    return asyncio.run(served.datasette.client.get(address, cookies=cookies))


def text(page: str) -> str:
    """A page's text, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


async def shown_by_datasette(datasette: Any, actor: Any, name: str) -> bool:
    """Whether Datasette's own checks let an actor see a report, asked about it alone."""
    try:
        if hasattr(datasette, "ensure_permissions"):
            checks = [("view-query", ("storyreport", name)), ("view-database", "storyreport"), "view-instance"]
            await datasette.ensure_permissions(actor, checks)
        else:
            await permissions.ensure_report(datasette, actor, name)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("denies", [None, "flaky_steps"], ids=["no other plugin", "another plugin"])
def test_all_reports_at_once_are_as_each_by_itself(
    served: Served, monkeypatch: pytest.MonkeyPatch, denies: str | None
) -> None:
    """For root and for a stranger; Datasette 0.65 builds the reports once for all of them, not once for each."""
    names = list(reports.load_reports())
    # Datasette 1.0 knows its actions from the first request on.
    served.get("/")
    built, known = [], queries.allowed

    def counted(block: Any) -> dict[str, Any]:
        built.append(block)
        return known(block)

    monkeypatch.setattr(queries, "allowed", counted)

    async def compare(actor: Any) -> None:
        alone = {name for name in names if await shown_by_datasette(served.datasette, actor, name)}
        each = {name for name in names if await permissions.is_visible(served.datasette, actor, name)}
        built.clear()
        assert await permissions.visible(served.datasette, actor, names) == alone == each
        assert len(built) <= len(names)
        assert ("stuck_runs" in alone) == (actor is not None)
        assert "slowest_steps" in alone
        assert ("flaky_steps" in alone) == (denies is None)

    with denied(denies) if denies else nullcontext():
        for actor in ({"id": "root"}, None):
            asyncio.run(compare(actor))


@pytest.mark.parametrize("extension", ["", ".json", ".csv"])
def test_a_report_is_hidden_by_configuration(served: Served, extension: str) -> None:
    address = f"/storyreport/stuck_runs{extension}?as_of={AS_OF}"
    answer = served.get(address)
    assert answer.status_code == 403
    assert "run-1" not in answer.text
    if extension == ".json":
        assert answer.json() == {"ok": False, "error": REFUSAL, "status": 403, "title": None}
    if extension == ".csv":
        assert answer.text == REFUSAL + "\n"
        assert answer.headers["content-type"].startswith("text/plain")
    allowed = by_root(served, address)
    assert allowed.status_code == 200
    assert "run-1" in allowed.text
    # Asking once does not change who may see it, nor what the others may.
    assert served.get(address).status_code == 403
    assert served.get("/storyreport/slowest_steps" + extension).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/-/reports",
        "/-/reports?q=stuck",
        "/storyreport",
        "/storyreport/active_runs",
        "/storyreport/health",
        "/-/source/alpha",
        "/-/run/run-1",
    ],
)
def test_a_report_hidden_by_configuration_is_on_no_page(served: Served, address: str) -> None:
    page = served.get(address)
    assert page.status_code == 200
    assert "/storyreport/stuck_runs" not in page.text
    assert reports.find("stuck_runs").title not in text(page.text)
    # Datasette 1.0 lists the first few queries of a database only.
    assert address == "/storyreport" or "/storyreport/stuck_runs" in by_root(served, address).text


def test_the_home_page_says_nothing_of_what_is_hidden(served: Served) -> None:
    for part in (r'<section class="tile">\s*<h2>(.*?)</h2>', r'<section class="health"[^>]*>(.*?)</section>'):
        shown = text(" ".join(re.findall(part, served.get("/").text, re.DOTALL)))
        assert not re.search(r"\bstuck\b", shown, re.IGNORECASE)
        seen = text(" ".join(re.findall(part, by_root(served, "/").text, re.DOTALL)))
        assert re.search(r"\bstuck\b", seen, re.IGNORECASE)


def links(page: str) -> dict[str, str]:
    """Where the cells of the column `report` lead, by the report's title."""
    found = re.findall(r'class="col-report\s*"><a href="([^"]+)" title="\w+">(.*?)</a>', page)
    return {title: unescape(address) for address, title in found}


def test_health_leads_to_what_may_be_seen_narrowed_as_it_is(served: Served) -> None:
    moment = AS_OF.replace(":", "%3A")
    narrowed = f"/storyreport/health?source=alpha&as_of={AS_OF}"
    seen = links(by_root(served, narrowed).text)
    assert seen["Stuck runs"] == f"/storyreport/stuck_runs?source=alpha&as_of={moment}"
    assert seen["Orphans"] == "/storyreport/orphans?source=alpha"
    assert "Stuck runs" not in links(served.get(narrowed).text)
    assert links(served.get("/storyreport/health").text)["Orphans"] == "/storyreport/orphans"
    # Scripts get its name.
    rows = served.get("/storyreport/health.json?_shape=array").json()
    assert {"orphans", "stuck_runs"} <= {row["report"] for row in rows}


def test_steps_are_not_distinguished_by_who_may_see_no_report(path: Path) -> None:
    """One that is there looks like one that is not."""
    hidden = {name: {"allow": False} for name in reports.load_reports()}
    with closing(closed(path, databases={"storyreport": {"queries": hidden}})) as served:
        there, other = (served.get(f"/-/step/{name}") for name in ("write_1", "xxxxx_1"))
        assert there.status_code == other.status_code == 404
        assert there.text.replace("write_1", "xxxxx_1") == other.text


def test_who_may_see_nothing_reads_so(served: Served) -> None:
    with denied():
        home = served.get("/").text
        assert "There is no report here that you may see." in home
        assert "storyreport ingest" not in home
        for kind in ("story", "run", "step", "pipeline", "source"):
            page = served.get(f"/-/{kind}/x")
            assert page.status_code == 403
            assert "You may not see this database." in page.text


@pytest.mark.parametrize(
    "block",
    [
        {"databases": {"storyreport": {"allow": {"id": "root"}}}},
        {"databases": {"storyreport": {"allow": False}}},
        {"allow": {"id": "root"}},
    ],
    ids=["a database for root", "a database for nobody", "an instance for root"],
)
def test_a_closed_database_shows_nothing_anywhere(path: Path, block: dict[str, Any]) -> None:
    """With `allow` in the metadata, no page, data address or search shows a report's name or number to others."""
    with closing(closed(path, **block)) as served:
        for address in ("/", "/?q=story", "/-/story/story-1", "/-/run/run-1", "/-/step/write", "/-/source/alpha"):
            page = served.get(address)
            assert "alpha" not in page.text, address
            assert "/storyreport/" not in page.text.replace("/storyreport/static", ""), address
            assert not re.search(r'<section class="(?:health|tile|changes)"', page.text), address
        for address in ("cost", "cost.json", "cost.csv", "cost.json?nope=1", "cost?nope=1", "health"):
            assert served.get(f"/storyreport/{address}").status_code == 403, address


def test_a_closed_database_is_open_to_whom_it_is_for(path: Path) -> None:
    """Who the `allow` block names sees what everybody sees elsewhere."""
    with closing(closed(path, databases={"storyreport": {"allow": {"id": "ann"}}})) as served:
        cookies = {"ds_actor": served.datasette.sign({"a": {"id": "ann"}}, "actor")}
        assert "alpha" in served.get("/", cookies=cookies).text
        assert served.get("/storyreport/cost.json", cookies=cookies).status_code == 200
