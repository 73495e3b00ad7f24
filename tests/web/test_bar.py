"""The bar on every page: it offers what the page takes, and every link of ours carries what was chosen."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from helpers.denying import denied
from helpers.serving import Served, fill

PAGES = (
    "/",
    "/storyreport",
    "/storyreport/stories",
    "/storyreport/cost",
    "/storyreport/stuck_runs",
    "/storyreport/cost?since=soon",
    "/-/step/write",
    "/-/run/run-1?source=alpha",
    "/-/run/unknown",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("bar") / "storyreport.db"
    fill(path)
    served = Served(path)
    yield served
    served.close()


def bar(served: Served, address: str) -> str:
    """The bar's HTML."""
    page: str = served.get(address).text
    return page.partition('<div class="bar">')[2].partition('<section class="content">')[0]


def places(served: Served, address: str) -> dict[str, str]:
    """The addresses that the bar leads to, by title."""
    found = re.findall(r'<a href="([^"]*)"[^>]*>(\w+)</a>', bar(served, address).partition("</nav>")[0])
    return {title: unescape(target) for target, title in found}


@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_it(served: Served, address: str) -> None:
    assert list(places(served, address)) == ["Home", "Runs", "Steps", "Failures", "Cost", "Pages", "Data"]
    for target in places(served, address).values():
        assert served.get(target).status_code == 200, target


def test_a_page_in_a_frame_has_none(served: Served) -> None:
    assert bar(served, "/storyreport/cost?_embed=1") == ""


# recent_runs takes source and since, stuck_runs only source: there the period is carried and changes nothing.
@pytest.mark.parametrize(
    ("address", "runs", "home"),
    [
        (
            "/storyreport/cost?source=alpha&since=7d",
            "/storyreport/recent_runs?source=alpha&since=7d",
            "/?source=alpha&_since=7d",
        ),
        (
            "/storyreport/stuck_runs?source=alpha&_since=7d",
            "/storyreport/recent_runs?source=alpha&since=7d",
            "/?source=alpha&_since=7d",
        ),
        ("/?source=alpha&_since=7d", "/storyreport/recent_runs?source=alpha&since=7d", "/?source=alpha&_since=7d"),
        # Whose run it is, is no choice.
        ("/-/run/run-1?source=alpha&_until=today", "/storyreport/recent_runs?until=today", "/?_until=today"),
        ("/-/step/write?since=28d", "/storyreport/recent_runs?since=28d", "/?_since=28d"),
        ("/storyreport/stories?_since=2025-03", "/storyreport/recent_runs?since=2025-03", "/?_since=2025-03"),
        # What is no date is not handed on.
        ("/storyreport/cost?since=soon&source=alpha", "/storyreport/recent_runs?source=alpha", "/?source=alpha"),
        ("/storyreport/stuck_runs?_since=soon", "/storyreport/recent_runs", "/"),
    ],
)
def test_links_carry_the_choices(served: Served, address: str, runs: str, home: str) -> None:
    assert places(served, address)["Runs"] == runs
    assert places(served, address)["Home"] == home


def test_links_within_a_page_carry_them_too(served: Served) -> None:
    page = unescape(served.get("/storyreport/slowest_steps?since=2025-03-01").text)
    assert 'href="/-/step/write?source=alpha&since=2025-03-01"' in page
    assert 'href="/storyreport/failure_rates?since=2025-03-01"' in page or "/storyreport/throughput?since=" in page
    page = unescape(served.get("/storyreport/recent_runs?since=2025-03-01").text)
    assert re.search(r'href="/-/run/run-\d\?source=alpha&_since=2025-03-01"', page)


def test_the_home_page_is_about_the_chosen_source(served: Served) -> None:
    """Stuck are run-1 of alpha and run-2 of beta."""
    counts = []
    for query in ("", "?source=alpha", "?source=beta"):
        page = served.get(f"/{query}").text.partition('class="tiles"')[2]
        found = re.search(
            r'href="/storyreport/stuck_runs[^"]*">Stuck</a>.*?class="value"[^>]*>(.*?)</p>', page, re.DOTALL
        )
        assert found
        counts.append(int(re.sub(r"<[^>]*>", "", found[1])))
    assert counts == [2, 1, 1]
    assert "<b>beta</b>" not in served.get("/?source=alpha").text


def test_a_page_offers_what_it_takes(served: Served) -> None:
    assert 'id="bar-source"' in bar(served, "/")
    dated, undated = bar(served, "/storyreport/cost?provider=p"), bar(served, "/storyreport/stuck_runs?_since=7d")
    assert 'id="bar-since"' in dated
    assert '<input type="hidden" name="provider" value="p">' in dated
    assert "/storyreport/cost?provider=p&since=last_month&until=last_month" in unescape(dated)
    assert 'id="bar-since"' not in undated
    assert '<input type="hidden" name="_since" value="7d">' in undated
    assert 'id="bar-source"' not in bar(served, "/-/run/run-1?source=alpha")


@pytest.mark.parametrize(
    ("query", "current"),
    [
        ("", "all"),
        ("?since=7d", "7 d"),
        ("?since=month", "month"),
        ("?since=2025-03-01", "since 1 Mar 2025"),
        ("?until=2025-03-01", "until 1 Mar 2025"),
        ("?since=2025-03&until=2025-03", "2025-03"),
        (f"?since={date.today().year}-01-01&until=yesterday", "1 Jan to yesterday"),
    ],
)
def test_the_period_in_force_is_marked(served: Served, query: str, current: str) -> None:
    found = bar(served, f"/storyreport/cost{query}")
    assert re.findall(r'aria-current="true">([^<]*)<', found) == [current]


def test_the_period_of_a_step_narrows_its_page(served: Served) -> None:
    """Planted are 60 executions on March 1, and 74 on March 2."""
    whole, later = (served.get(f"/-/step/write?source=alpha{since}").text for since in ("", "&since=2025-03-02"))
    assert "2025-03-01" in whole.partition('id="step_durations"')[2].partition("</section>")[0]
    assert (
        "2025-03-01" not in later.partition('id="step_durations"')[2].partition("</table>")[0].partition("<tbody>")[2]
    )


def test_the_form_of_a_step_keeps_its_source(served: Served) -> None:
    assert '<input type="hidden" name="source" value="alpha">' in bar(served, "/-/step/write?source=alpha")


def test_a_pipeline_is_chosen_where_a_report_takes_one(served: Served) -> None:
    found = bar(served, "/storyreport/slowest_steps?pipeline=unknown")
    assert '<select id="bar-pipeline" name="pipeline"' in found
    assert '<option value="unknown" selected>' in found
    assert places(served, "/storyreport/slowest_steps?pipeline=p")["Home"] == "/?_pipeline=p"


def test_of_too_many_pipelines_one_is_typed(tmp_path: Path) -> None:
    """No list of a thousand stands on each page; what was chosen stays."""
    fill(tmp_path / "storyreport.db")
    with closing(sqlite3.connect(tmp_path / "storyreport.db")) as connection:
        names = [(f"pipeline-{number:04}",) for number in range(1000)]
        connection.executemany("insert into pipelines (source_id, name) values (1, ?)", names)
        connection.commit()
    with closing(Served(tmp_path / "storyreport.db")) as served:
        page = served.get("/storyreport/slowest_steps?pipeline=pipeline-0007").text
        feed = [served.get(f"/-/feed?pipeline={name}").status_code for name in ("pipeline-0007", "unknown")]
    assert '<input id="bar-pipeline" name="pipeline" value="pipeline-0007"' in page
    assert "pipeline-0008" not in page
    assert feed == [200, 404]


def test_the_form_of_a_report_keeps_the_choices(served: Served) -> None:
    page = served.get("/storyreport/cost?source=alpha&since=7d").text
    form = page.partition('<form class="parameters')[2].partition("</form>")[0]
    assert '<input type="hidden" name="source" value="alpha">' in form
    assert '<input type="hidden" name="since" value="7d">' in form
    assert 'id="p-provider"' in form
    assert 'id="p-since"' not in form


def test_a_refused_value_has_its_field_back(served: Served) -> None:
    page = served.get("/storyreport/cost?since=soon")
    assert page.status_code == 400
    assert re.search(r'<input id="p-since" name="since" value="soon"[^>]*aria-describedby="refusal h-since"', page.text)


def test_what_may_not_be_seen_is_not_in_it(tmp_path: Path) -> None:
    fill(tmp_path / "storyreport.db")
    with closing(Served(tmp_path / "storyreport.db")) as served:
        with denied("cost"):
            assert list(places(served, "/")) == ["Home", "Runs", "Steps", "Failures", "Pages", "Data"]
        with denied():
            assert bar(served, "/") == ""
