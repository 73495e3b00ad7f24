"""Charts as pictures: SVG and PNG at addresses of their own, drawn in another process, escaped, bounded and kept."""

import asyncio
import re
import struct
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from helpers.denying import denied
from helpers.serving import ESCAPED, HOSTILE, Served, fill

from storyreport import charts, reports
from storyreport.charts.drawer import answer
from storyreport.web import pictures

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Datasette with planted rows."""
    path = tmp_path_factory.mktemp("pictures") / "report.db"
    fill(path)
    served = Served(path)
    yield served
    served.close()


def drawing(rows: list[dict[str, Any]], name: str = "slowest_steps", **how: Any) -> charts.Drawing | None:
    """The chart of a report with these rows."""
    report = reports.find(name)
    assert report.chart
    columns = report.columns
    whole = [{**dict.fromkeys(columns), **row} for row in rows]
    return charts.drawing(report.chart, whole, charts.Context(report.title, columns, ["alpha"], **how))


def test_a_chart_has_an_address(served: Served) -> None:
    """As SVG and PNG, light and dark, with its title; the text is that of the planted rows."""
    light, dark = (served.get(f"/storyreport/slowest_steps.svg?_scheme={scheme}") for scheme in ("light", "dark"))
    assert light.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert "default-src 'none'" in light.headers["content-security-policy"]
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(light.text).iter(f"{SVG}text")]
    assert texts[0] == "Slowest steps"
    assert {"write", "alpha", "beta", "time spent (minutes)"} <= {text.removesuffix(" ") for text in texts} | {"write"}
    assert "#ffffff" in light.text
    assert "#ffffff" not in dark.text
    assert "currentColor" not in light.text + dark.text
    png = served.get("/storyreport/slowest_steps.png")
    assert png.headers["content-type"] == "image/png"
    width, height = struct.unpack(">II", png.content[16:24])
    assert (png.content[:8], width) == (b"\x89PNG\r\n\x1a\n", 2 * (960 + 2 * 16))
    assert height > 300


def test_parameters_choose_what_is_drawn(served: Served) -> None:
    """`source=beta` has one step of its three; `_dl` saves it under the name of its values."""
    marks = [
        len(re.findall('aria-roledescription="bar"', served.get(f"/storyreport/slowest_steps.svg{query}").text))
        for query in ("", "?source=beta")
    ]
    assert marks == [3, 1]
    saved = served.get("/storyreport/slowest_steps.svg?source=beta&_dl=1")
    assert saved.headers["content-disposition"] == 'attachment; filename="slowest_steps-beta.svg"'


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("slowest_steps.svg?_scheme=sepia", 400, "_scheme must be light or dark, not 'sepia'."),
        ("slowest_steps.png?_bars=9", 400, "_bars must be all or be left out, not '9'."),
        ("slowest_steps.svg?since=soon", 400, "since must be a date"),
        ("health.svg", 404, "health has no chart: it has .json and .csv."),
        ("slowest_steps.svg?since=2100-01-01", 404, "slowest_steps has nothing to draw with these values."),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(served: Served, address: str, status: int, sentence: str) -> None:
    response = served.get(f"/storyreport/{address}")
    assert response.status_code == status
    assert response.text.startswith(sentence)


def test_who_may_not_see_a_report_does_not_see_its_chart(served: Served) -> None:
    with denied():
        for ending in ("svg", "png"):
            assert served.get(f"/storyreport/slowest_steps.{ending}").status_code == 403


def test_a_page_shows_the_picture_and_names_it_for_previews(served: Served) -> None:
    """Without a script; what a name holds is text. No page loads Vega or datasette-vega unless it is explored."""
    page = served.get("/storyreport/slowest_steps?source=alpha").text
    assert re.search(
        r'<meta property="og:image" content="http://localhost/storyreport/slowest_steps.png\?source=alpha', page
    )
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg"') >= 2
    assert HOSTILE not in page
    assert f"<title>source: alpha; step: {ESCAPED}; executions: 10;" in page
    heavy = re.compile(r'src="[^"]*/(datasette_vega/main|vega/vega|chart)[^"/]*\.js')
    for address in ("/", "/storyreport/slowest_steps", "/-/step/write", "/storyreport/stories"):
        assert not heavy.search(served.get(address).text), address
    explored = served.get("/storyreport/slowest_steps?_explore=1").text
    assert set(heavy.findall(explored)) == {"datasette_vega/main", "vega/vega", "chart"}
    assert '<div class="picture wide"><svg' in explored, "without a script the picture stays"


def test_the_names_of_two_pictures_do_not_meet(served: Served) -> None:
    """A page has two pictures: an id in both would let the one clip the other."""
    found = re.findall(r' id="([^"]+)"', served.get("/storyreport/slowest_steps").text)
    assert len(found) == len(set(found))


def test_a_picture_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Again for other rows, and not for the same; the oldest goes where too many are kept."""
    drawn: list[Any] = []
    own = pictures.Pictures()

    def ask(request: Any) -> dict[str, str]:
        drawn.append(request)
        return {"picture": "<svg/>" * 100}

    monkeypatch.setattr(own, "_ask", ask)
    charted = [drawing([{"source": "alpha", "step": "write", "total_ms": total}]) for total in (1, 2, 1)]

    async def draw() -> None:
        for each in charted:
            assert each
            assert (await own.picture(each, "Title", charts.LIGHT)).startswith(b"<svg/>")

    asyncio.run(draw())
    assert len(drawn) == 2
    monkeypatch.setattr(pictures, "MOST_BYTES", 700)
    own._kept.clear()
    own._size_bytes = 0
    drawn.clear()
    # A picture has 600 bytes: one is kept.
    asyncio.run(draw())
    assert len(drawn) == 3


def test_nothing_is_loaded() -> None:
    """A specification with an address is refused before Vega sees it, wherever the address stands."""
    for spec in ({"data": {"url": "file:///etc/passwd"}}, {"layer": [{"data": {"url": "https://example.com"}}]}):
        request = {"parts": [{"heading": "", "spec": spec}], "config": charts.LIGHT, "title": "", "name": "x"}
        found = answer(None, {**request, "format": "svg", "alone": False})
        assert found == {"error": "a chart loads nothing from an address"}


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is killed; the next picture has a new one."""
    own = pictures.Pictures()
    slow, quick = (
        drawing([{"source": "alpha", "step": "slow", "total_ms": 1}]),
        drawing([{"source": "alpha", "step": "quick", "total_ms": 1}]),
    )
    assert slow
    assert quick

    async def draw(each: charts.Drawing) -> bytes:
        return await own.picture(each, "Title", charts.LIGHT)

    asyncio.run(draw(quick))
    monkeypatch.setattr(pictures, "SECONDS", 0.0)
    with pytest.raises(pictures.NotDrawnError, match="cannot be drawn: it took longer than"):
        asyncio.run(draw(slow))
    monkeypatch.setattr(pictures, "SECONDS", 10.0)
    assert b"slow" in asyncio.run(draw(slow))
    own.close()


def test_names_that_javascript_knows_are_drawn() -> None:
    own = pictures.Pictures()
    rows = [{"source": "alpha", "step": name, "total_ms": 1} for name in ("constructor", "__proto__", "toString")]
    found = drawing(rows)
    assert found
    picture = asyncio.run(own.picture(found, "Title", charts.LIGHT)).decode()
    own.close()
    assert all(f">{row['step']}\u200b</text>" in picture for row in rows)
