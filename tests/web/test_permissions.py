"""Who may see what: a report hidden by Datasette's configuration is nowhere, and a refusal is a sentence."""

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import yaml
from helpers.denying import denied
from helpers.serving import AS_OF, Served, fill

from storyreport import reports

REFUSAL = "You may not see this report."


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Datasette configured so that root alone may see what is stuck."""
    path = tmp_path_factory.mktemp("permissions") / "storyreport.db"
    fill(path)
    read = yaml.safe_load

    def configured(text: Any) -> Any:
        found = read(text)
        if "databases" in found:
            found["databases"]["storyreport"]["queries"] = {"stuck_runs": {"allow": {"id": "root"}}}
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "safe_load", configured)
        served = Served(path)
    yield served
    served.close()


def by_root(served: Served, address: str) -> Any:
    """The answer that root gets."""
    cookies = {"ds_actor": served.datasette.sign({"a": {"id": "root"}}, "actor")}
    return asyncio.run(served.datasette.client.get(address, cookies=cookies))


def text(page: str) -> str:
    """A page's text, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


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
        "/?q=stuck",
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
    for part in (r'<section class="tile">\s*<h2>(.*?)</h2>', r'<section class="health">(.*?)</section>'):
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


def test_who_may_see_nothing_reads_so(served: Served) -> None:
    with denied():
        home = served.get("/").text
        assert "There is no report here that you may see." in home
        assert "storyreport ingest" not in home
        for kind in ("story", "run", "step", "source"):
            page = served.get(f"/-/{kind}/x")
            assert page.status_code == 403
            assert "You may not see this database." in page.text
