"""Notes on pages: within the page's period, about its source, and only for those who may see them."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.denying import denied
from helpers.serving import ESCAPED, HOSTILE, Served, fill

from storyreport.upkeep import notes
from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

PLANTED = (
    ("too early", "2025-02-28T23:59:59.999Z", ""),
    ("about alpha", "2025-03-01", "alpha"),
    ("about beta", "2025-03-02", "beta"),
    (HOSTILE, "2025-03-02T23:59:59.999Z", ""),
    ("too late", "2025-03-03", ""),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notes") / "storyreport.db"
    fill(path)
    for text, at, source in PLANTED:
        notes.add(path, text, at, source)
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    served = Served(path)
    yield served
    served.close()


def listed(page: str) -> list[str]:
    """The texts of the notes on a page, in their order."""
    found = re.search(r'<aside class="notes".*?</aside>', page, re.DOTALL)
    items = re.findall(r"</time>\s*(.*?)(?: <span>|</li>)", found[0], re.DOTALL) if found else []
    return [html.unescape(item) for item in items]


PERIOD = "since=2025-03-01&until=2025-03-02"


def test_those_of_the_period_are_listed(served: Served) -> None:
    """The latest first; what a note says is text, and it names its source."""
    page = served.get(f"/storyreport/cost?{PERIOD}").text
    assert listed(page) == [HOSTILE, "about beta", "about alpha"]
    assert HOSTILE not in page
    assert ESCAPED in page
    assert "about beta <span>(beta)</span>" in page
    assert listed(served.get("/storyreport/cost").text) == [text for text, _, _ in reversed(PLANTED)]


def test_those_of_another_source_are_not(served: Served) -> None:
    assert listed(served.get(f"/storyreport/cost?{PERIOD}&source=alpha").text) == [HOSTILE, "about alpha"]


@pytest.mark.parametrize("report", ["orphans", "cost_forecast", "run_status?run=run-1"])
def test_reports_without_days_have_none(served: Served, report: str) -> None:
    assert listed(served.get(f"/storyreport/{report}").text) == []


def test_those_who_may_not_see_the_report_see_none(served: Served) -> None:
    with denied("notes"):
        page = served.get(f"/storyreport/cost?{PERIOD}").text
        assert "about alpha" not in page
        assert "cost" in page


def test_an_open_server_shows_none(path: Path) -> None:
    """What people note is theirs: neither page, data nor table."""
    served = Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, True, ())))
    page = served.get("/storyreport/cost")
    assert (page.status_code, listed(page.text)) == (200, [])
    for address in ("/storyreport/notes", "/storyreport/notes.json", "/storyreport/notes.csv?_dl=1"):
        answer = served.get(address)
        assert answer.status_code == 403
        assert "about alpha" not in answer.text
    served.close()


def test_charts_over_time_have_them(served: Served) -> None:
    """As rules with their texts, which are escaped; a chart without days has none."""
    chart = served.get(f"/storyreport/cost?{PERIOD}").text.partition("<svg")[2].partition("</figure>")[0]
    assert "about alpha" in chart
    assert HOSTILE not in chart
    assert "too late" not in chart
    picture = served.get(f"/storyreport/cost.svg?{PERIOD}&source=beta")
    assert picture.status_code == 200
    assert "about beta" in picture.text
    assert "about alpha" not in picture.text
    assert "about" not in served.get(f"/storyreport/slowest_steps.svg?{PERIOD}").text


def test_pictures_of_those_who_may_not_see_notes_have_none(served: Served) -> None:
    """Though others have seen the same picture with them."""
    address = f"/storyreport/cost.svg?{PERIOD}"
    assert "about alpha" in served.get(address).text
    with denied("notes"):
        assert "about alpha" not in served.get(address).text
