"""Dashboards: numbers, charts and tables of reports on one page, each for those who may see it."""

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from helpers.attempts import attempt, write
from helpers.denying import denied
from helpers.report_database import ReportDatabase
from helpers.serving import ESCAPED, HOSTILE, SOURCES, WRITE_TOTAL, Served, fill

from storyreport import dashboards
from storyreport.web.dashboards import SENTENCES

OWN = f"""title: Own <b>page</b>
text: >-
  Alpha took {{slowest_steps.total_ms}} in {{slowest_steps.step}}; {{stories_without_chapters.rows}} without chapters &
  {{cost_anomalies.cost}}. Lost: {{cost_anomalies.cost}} on {{cost_anomalies.day}}! Nothing else.
  All took {{slowest_steps.total_ms.sum}}, for {{cost.cost.sum}}, {{cost.calls.sum@provider}} calls of runway.
parts:
  - report: slowest_steps
    title: Longest
    show: number
    column: total_ms
    label: source
    rows: 2
  - report: cost
    title: '{HOSTILE}'
    show: chart
    params: {{since: 2025-03-02}}
  - report: slowest_steps
    title: Steps
    show: table
    rows: 2
  - report: failed_runs
    show: table
    params: {{until: 2024-12-31}}
"""
HALVES = "title: Halves\nparts:\n  - {report: cost, show: chart, width: half}\n"
# An en dash stands for what is unknown or hidden.
NONE = "\N{EN DASH}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with two pages of its owner's, one of them broken."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "own.yml").write_text(OWN, "utf-8")
    (folder / "halves.yml").write_text(HALVES, "utf-8")
    (folder / "broken.yml").write_text("title: Broken\nparts:\n  - report: nothing\n    show: table\n", "utf-8")
    fill(folder / "storyreport.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(dashboards.FOLDERS, str(folder))
        served = Served(folder / "storyreport.db")
        yield served
        served.close()


def text(page: str) -> str:
    """A page's text, in one line."""
    return " ".join(unescape(re.sub(r"<script.*?</script>|<[^>]*>", " ", page, flags=re.DOTALL)).split())


def part(page: str, title: str) -> str:
    """The HTML of the part with this title."""
    (found,) = [each for each in page.split('<section class="part')[1:] if f">{title}<" in each]
    return found.partition("</section>")[0]


def chart(page: str) -> str:
    """The HTML of the page's first chart; Datasette's own menu may have a picture, too."""
    return page.partition("<figure")[2].partition("</figure>")[0]


def test_numbers_texts_and_tables(served: Served) -> None:
    """184 s of writing is the longest; values in a text are those of a report's first row, with units."""
    assert WRITE_TOTAL == 184_000
    answer = served.get("/-/page/own")
    assert answer.status_code == 200
    page = text(answer.text)
    # A sentence of which nothing is known is left out.
    assert f"Alpha took 3 min 4 s in write ; 0 without chapters & {NONE}. Nothing else." in page
    # 184 + 60 + 2 s; the part with costs begins with the second day, of which the first row is runway's.
    assert "All took 4 min 6 s, for 7.00 EUR and 2.00 GBP and 0.00031 USD, 2 calls of runway." in page
    assert text(part(answer.text, "Longest")).endswith("Longest alpha 3 min 4 s alpha 1 min The first 2. All of them")
    steps = part(answer.text, "Steps")
    assert len(re.findall(r"<tr\b", steps)) == 3
    assert "The first 2 rows." in text(steps)
    assert text(part(answer.text, "Failed runs")).endswith("Failed runs No rows.")


def test_of_a_month_without_cost_no_half_of_a_sentence_is_left() -> None:
    """On the first of a month all amounts are unknown: a sentence that names the month besides would be kept."""
    sentences = SENTENCES.split(dashboards.load().pages["cost"].text)
    assert [len(dashboards.VALUE.findall(sentence)) for sentence in sentences] == [1, 1, 0]


def test_what_a_file_or_a_source_says_is_text(served: Served) -> None:
    page = served.get("/-/page/own").text
    assert HOSTILE not in page
    assert ESCAPED in page
    assert "Own &lt;b&gt;page&lt;/b&gt;" in page


def test_the_bar_narrows_all_parts(served: Served) -> None:
    """Source and period take the place of a part's own, as far as its report takes them."""
    page = served.get("/-/page/own?source=beta&since=2025-03-01&until=2025-03-01").text
    assert text(part(page, "Steps")).endswith("No rows.")
    assert "openai" in chart(page)
    # It was called on the next day only.
    assert "runway" not in chart(page)
    assert "runway" in chart(served.get("/-/page/own").text)
    assert 'value="beta" selected' in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=soon", "since must be a date"),
        ("since=2025-03-02&until=2025-03-01", "since 2025-03-02 is after until 2025-03-01"),
    ],
)
def test_a_wrong_period_is_a_sentence_above_a_page_that_lives(served: Served, query: str, sentence: str) -> None:
    answer = served.get(f"/-/page/own?{query}")
    assert answer.status_code == 400
    assert sentence in text(answer.text)
    assert "3 min 4 s" in text(part(answer.text, "Longest"))


def test_a_hidden_report_leaves_its_place_with_a_sentence(served: Served) -> None:
    """Neither its title, nor its rows, nor a value of it in a text."""
    with denied("slowest_steps"):
        page = text(served.get("/-/page/own").text)
        assert page.count("You may not see this report.") == 2
        assert "Longest" not in page
        assert "3 min 4 s" not in page
        assert f"Alpha took {NONE} in {NONE}; 0 without chapters" in page


def test_a_page_of_which_nothing_may_be_seen_is_nowhere(served: Served) -> None:
    with denied("slowest_steps", "cost", "failed_runs"):
        assert served.get("/-/page/own").status_code == 403
        assert "/-/page/own" not in served.get("/-/pages").text
    with denied():
        for address in ("/-/pages", "/-/page/own", "/-/page/nothing"):
            assert served.get(address).status_code == 403


def test_the_list_names_all_pages_and_broken_files(served: Served) -> None:
    """Without the folder that they lie in."""
    page = served.get("/-/pages").text
    for name in ("cost", "quality", "operations", "own"):
        assert f'href="/-/page/{name}"' in page
    assert "broken.yml, line 3: There is no report called 'nothing'" in text(page)
    assert "/pages" not in text(page)


@pytest.mark.parametrize(("name", "sentence"), [("nix", "No page 'nix'."), ("broken", "'broken' cannot be used.")])
def test_an_unknown_page_leads_to_the_known(served: Served, name: str, sentence: str) -> None:
    answer = served.get(f"/-/page/{name}")
    assert answer.status_code == 404
    assert sentence in text(answer.text)
    assert 'href="/-/page/cost"' in answer.text


@pytest.mark.parametrize("name", ["cost", "quality", "operations"])
@pytest.mark.parametrize("query", ["", "?since=7d", "?source=alpha", "?source=nobody", "?compare=previous"])
def test_ours_answer_whatever_is_chosen(served: Served, name: str, query: str) -> None:
    answer = served.get(f"/-/page/{name}{query}")
    assert answer.status_code == 200
    assert "cannot be shown" not in answer.text
    assert len(SOURCES) == 2


def test_a_chart_is_as_wide_as_its_place(served: Served) -> None:
    """Letters are as large in half the page as in all of it."""

    def widths(address: str) -> set[int]:
        page = served.get(address).text
        return {int(width) for width in re.findall(r'<svg[^>]*viewBox="0 0 (\d+)', page)}

    assert max(widths("/-/page/own")) > 1100
    assert 500 < max(widths("/-/page/halves")) < 700


def test_an_unknown_source_leads_to_a_known_one(served: Served) -> None:
    """The page as it was, with a close name; a pipeline likewise."""
    page = served.get("/-/page/own?source=alpa&since=2025-03-01").text
    assert "There is no source 'alpa'." in text(page)
    assert 'href="/-/page/own?source=alpha&amp;since=2025-03-01"' in page
    assert "There is no pipeline 'nix'." in text(served.get("/-/page/own?pipeline=nix").text)
    assert "There is no" not in text(served.get("/-/page/own?source=alpha").text)


def test_numbers_of_namesakes_name_their_pipeline(tmp_path: Path) -> None:
    """Three pipelines of a source ran twice each: equal numbers are not one, and what is left out is said."""
    (tmp_path / "twins.yml").write_text(
        "title: Twins\nparts:\n"
        "  - {report: failure_rates, title: Two, show: number, column: executions, label: source, rows: 2}\n"
        "  - {report: failure_rates, title: All, show: number, column: executions, label: source, rows: 9}\n"
        "  - {report: cost, title: Money, show: chart}\n",
        "utf-8",
    )
    rows = [attempt(f"{name}{n}", 1000 + n / 60, 10, pipeline=name) for name in ("a", "b", "c") for n in (1, 2)]
    db = ReportDatabase(tmp_path)
    db.ingest(write(tmp_path / "studio", rows))
    with pytest.MonkeyPatch.context() as patch, closing(Served(db.path)) as served:
        patch.setenv(dashboards.FOLDERS, str(tmp_path))
        page = served.get("/-/page/twins").text
    assert text(part(page, "All")).endswith("All studio a 2 studio b 2 studio c 2")
    assert text(part(page, "Two")).endswith("Two studio a 2 studio b 2 The first 2. All of them")
    assert text(part(page, "Money")).endswith("Money No rows.")
