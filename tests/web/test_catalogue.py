"""The catalogue at `/-/reports`: other words for what a report answers, and stories by their title."""

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape

import pytest
from helpers.denying import denied
from helpers.serving import HOSTILE, Served, fill

from storyreport import reports
from storyreport.web.synonyms import SYNONYMS


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("catalogue") / "storyreport.db"
    fill(path)
    with closing(Served(path)) as served:
        yield served


def found(served: Served, query: str) -> list[str]:
    """The reports that a search finds."""
    items = re.findall(
        r'<li( hidden)? data-words=.*?href="/storyreport/(\w+)"', served.get(f"/-/reports?q={query}").text, re.DOTALL
    )
    return [name for hidden, name in items if not hidden]


def test_other_words_are_of_reports() -> None:
    assert set(SYNONYMS) <= set(reports.load_reports())


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("expensive", {"cost", "cost_by_story", "cost_by_step"}),
        ("hung", {"stuck_runs"}),
        ("RETRY", {"flaky_steps", "story_attempts", "blocked_stories"}),
        ("retry step", {"flaky_steps"}),
        ("slow", {"slowest_steps", "slow_runs", "duration_changes"}),
        ("gantt", {"run_timeline"}),
    ],
)
def test_a_report_is_found_by_what_people_call_it(served: Served, query: str, names: set[str]) -> None:
    listed = found(served, query)
    assert names <= set(listed)
    assert "ingests" not in listed


def test_a_hidden_report_is_not_found(served: Served) -> None:
    with denied("stuck_runs", "find"):
        assert "stuck_runs" not in found(served, "hung")
        assert "Search results" not in served.get("/-/reports?q=story-1").text


@pytest.mark.parametrize(
    ("query", "story"), [("brave fox", "story-2"), ("Fox", "story-2"), ("window.hacked", "story-1")]
)
def test_a_story_is_found_by_its_title(served: Served, query: str, story: str) -> None:
    page = served.get(f"/-/reports?q={query}").text
    results = page.partition("Search results for")[2].partition("</table>")[0]
    assert page.index("Search results for") < page.index('class="catalogue"'), "answers come first"
    assert [unescape(key) for key in re.findall(r'href="/-/story/([^"?]+)', results)] == [story]
    assert HOSTILE not in page


def test_two_letters_are_no_title(served: Served) -> None:
    assert "Search results" not in served.get("/-/reports?q=ox").text


def test_a_story_of_that_key_is_found_once(served: Served) -> None:
    results = served.get("/-/reports?q=story-2").text.partition("Search results for")[2].partition("</table>")[0]
    assert results.count("/-/story/story-2") == 1


@pytest.mark.parametrize("address", ["/?q=Fox", "/?q=Fox&_since=7d"])
def test_the_search_of_before_leads_there(served: Served, address: str) -> None:
    assert "story-2" in served.get(address).text
