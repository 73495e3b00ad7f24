"""The pages of one story, run, step and source: made of reports, with the things' own rows and no others."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from helpers.serving import ESCAPED, HOSTILE, Served, fill

from storyreport import schema

ODD = "a/b c?é#%41"
# A story's nodes, each with those that its options lead to: one leads back, one leads nowhere, two meet.
TREE = {"1": ["2", "3"], "2": ["4", "1"], "3": ["4", "5"], "4": ["6"], "5": [], "6": []}
LOST = "9"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Datasette with the planted rows, a story with a tree, a file, and a run whose key means something in a URL."""
    path = tmp_path_factory.mktemp("things") / "storyreport.db"
    fill(path)
    with closing(schema.connect(path)) as connection:
        plant(connection)
    served = Served(path)
    yield served
    served.close()


def plant(connection: sqlite3.Connection) -> None:
    run = connection.execute
    run(
        "insert into runs (id, source_id, source_key, input_id, kind, story_id, status, started_at) values"
        " (9, 1, ?, 1, 'batch', 1, 'running', '2025-03-10T08:00:00.000Z')",
        (ODD,),
    )
    run("insert into steps (source_id, name, family, position) values (1, 'paint_7', 'paint', 9)")
    run(
        "insert into artifacts (source_id, source_key, input_id, kind, story_id, name, path, size_bytes) values"
        " (1, 'file-1', 1, 'output', 1, 'fox.json', 'out/fox.json', 3400000)"
    )
    run(
        "insert into calls (source_id, source_key, input_id, run_id, provider, model, called_at, duration_ms, cost,"
        " currency) values (1, 'call-1', 1, 1, 'openai', 'gpt-5', '2025-03-10T08:01:00.000Z', 1500, 0.25, 'USD')"
    )
    for place, node in enumerate(TREE):
        run(
            "insert into story_nodes (id, source_id, source_key, input_id, kind, story_id, position, is_root,"
            " is_ending, is_winning_ending) values (?, 1, ?, 1, 'node', 1, ?, ?, ?, 0)",
            (int(node), node, place, node == "1", not TREE[node]),
        )
    for node, targets in TREE.items():
        for place, target in enumerate(targets):
            run(
                "insert into story_options (source_id, source_key, input_id, node_id, target_id, position) values"
                " (1, ?, 1, ?, ?, ?)",
                (f"{node}/{place}", int(node), int(target), place),
            )
    run(
        "insert into story_options (source_id, source_key, input_id, node_id, target_key, position) values"
        " (1, 'lost', 1, 2, ?, 7)",
        (LOST,),
    )


class Tree(HTMLParser):
    """The edges of a drawn tree: which name is nested in which."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.above: list[str] = []
        self.edges: list[tuple[str, str]] = []
        self.is_name = False
        self.feed(page.partition('<div class="tree"')[2].partition("</div>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_name = tag == "b"
        if tag == "li":
            self.above.append("")

    def handle_endtag(self, tag: str) -> None:
        self.is_name = False
        if tag == "li":
            self.above.pop()

    def handle_data(self, data: str) -> None:
        if self.is_name:
            self.above[-1] = data
            self.edges.append((self.above[-2] if len(self.above) > 1 else "", data))


def sections(page: str) -> dict[str, str]:
    """The sections of a page by their reports."""
    found = re.split(r'<section class="result" id="(\w+)">', page)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_a_story_shows_its_steps_runs_and_files(served: Served) -> None:
    found = sections(served.get("/-/story/story-1?source=alpha").text)
    assert "run-1" in found["story_runs"]
    assert "run-2" not in found["story_runs"]
    assert "out/fox.json" in found["story_files"]
    assert ">3.4 MB<" in found["story_files"]
    assert ESCAPED in found["story_status"]


def test_a_title_turns_no_letters_but_its_own(served: Served) -> None:
    """One that is read from right to left ends where our words begin."""
    page = served.get("/-/story/story-2?source=beta").text
    assert '<b dir="auto">The Brave Fox</b>. Steps, runs, errors, files, tree and cost.' in page


def test_what_there_is_of_a_story_comes_before_what_there_is_not(served: Served) -> None:
    """That it has not failed is said below its steps, runs and files."""
    found = sections(served.get("/-/story/story-1?source=alpha").text)
    assert "Not failed." in found["failed_stories"]
    with_rows = [place for place, section in enumerate(found.values()) if "<td" in section]
    assert list(found).index("failed_stories") > with_rows[-1] >= 2


def test_a_storys_tree_is_drawn_as_its_options_lead(served: Served) -> None:
    drawn = Tree(served.get("/-/story/story-1").text)
    expected = {("", "1"), *((node, target) for node, targets in TREE.items() for target in targets), ("2", LOST)}
    assert set(drawn.edges) == expected
    assert len(drawn.edges) == len(expected)
    assert drawn.above == []
    page = served.get("/-/story/story-1").text
    assert "loops back" in page
    assert page.count("see above") == 1
    assert "<em>missing</em>" in page


def test_a_tree_that_is_too_long_says_so(served: Served) -> None:
    limit = served.datasette.max_returned_rows
    assert "These are the first" not in served.get("/-/story/story-1").text
    try:
        served.datasette.max_returned_rows = 4
        page = sections(served.get("/-/story/story-1").text)["story_tree"]
    finally:
        served.datasette.max_returned_rows = limit
    assert len(Tree(page).edges) == 4
    assert "These are the first 4 rows" in page


def test_a_run_shows_how_it_went_and_what_it_called(served: Served) -> None:
    found = sections(served.get("/-/run/run-1").text)
    assert ">0.25 USD<" in found["run_calls"]
    assert ">1.5 s<" in found["run_calls"]
    assert "/-/story/story-1?source=alpha" in found["run_status"]
    assert "run_diagnosis" in found


def test_a_step_is_looked_at_in_one_source_or_in_all(served: Served) -> None:
    one = sections(served.get("/-/step/write?source=alpha").text)["slowest_steps"]
    both = sections(served.get("/-/step/write").text)["slowest_steps"]
    assert ("3 min 4 s" in one, ">500 ms<" in one) == (True, False)
    assert ("3 min 4 s" in both, ">500 ms<" in both) == (True, True)


def test_an_instance_of_a_step_leads_to_its_family(served: Served) -> None:
    page = served.get("/-/step/write_1?source=alpha").text
    assert "<title>Step write</title>" in page
    assert "3 min 4 s" in sections(page)["slowest_steps"]


def test_a_source_shows_its_freshness_and_its_own_rows(served: Served) -> None:
    found = sections(served.get("/-/source/alpha").text)
    assert "2025-03-10 11:00:02" in found["ingests"]
    assert "3 min 4 s" in found["slowest_steps"]
    assert "run-2" not in found["stuck_runs"]
    assert "run-1" in found["stuck_runs"]


def test_a_chart_has_the_rows_of_its_section(served: Served) -> None:
    page = sections(served.get("/-/source/alpha").text)["slowest_steps"]
    drawn = page.partition('<div class="picture wide">')[2].partition("</figure>")[0]
    assert "<svg" in drawn
    assert "total: 3 min 4 s" in drawn
    assert HOSTILE not in page


def test_a_key_may_hold_anything(served: Served) -> None:
    link = re.search(r'href="(/-/run/[^"]+)"[^>]*>a/b c', served.get("/storyreport/stuck_runs").text)
    assert link
    page = served.get(link[1].replace("&amp;", "&"))
    assert page.status_code == 200
    assert "a/b c?é#%41</h1>" in page.text
    # As a browser writes what is typed, and a script what it quotes.
    assert "a/b c?é#%41</h1>" in served.get("/-/run/a%2Fb%20c%3F%C3%A9%23~2541?source=alpha").text
    assert "stuck_runs" in sections(page.text)


@pytest.mark.parametrize("kind", ["story", "run", "step", "pipeline"])
def test_an_unknown_thing_is_said_to_be_unknown(served: Served, kind: str) -> None:
    page = served.get(f"/-/{kind}/none~2Fsuch")
    assert page.status_code == 404
    assert f"No {kind} &#39;none/such&#39;." in page.text
    assert "<section" not in page.text.partition('<article class="report thing">')[2].partition("</article>")[0]


def test_a_step_of_which_no_run_has_ended_is_no_unknown_one(served: Served) -> None:
    page = served.get("/-/step/paint_7?source=alpha")
    assert (page.status_code, served.get("/-/step/paint_7?source=beta").status_code) == (200, 404)
    assert "<title>Step paint</title>" in page.text
    assert "No run of this step has ended yet in alpha." in page.text


def test_hostile_keys_stay_text(served: Served) -> None:
    for kind in ("story", "run", "step", "pipeline", "source"):
        page = served.get(f"/-/{kind}/~3Cscript~3Ewindow~2Ehacked~20~3D~201~3C~2Fscript~3E?source={HOSTILE}")
        assert page.status_code == 404
        assert HOSTILE not in page.text


def test_a_section_leads_to_its_report_with_the_thing(served: Served) -> None:
    page = sections(served.get("/-/run/run-1?source=alpha").text)["run_calls"]
    link = re.search(r'href="(/storyreport/run_calls\?[^"]+)"', page)
    assert link
    assert ">0.25 USD<" in served.get(link[1].replace("&amp;", "&")).text


def test_a_source_shows_its_calls_and_its_orphans(served: Served) -> None:
    with closing(schema.connect(Path(served.datasette.get_database("storyreport").path))) as connection:
        connection.execute(
            "insert into rollup_call_days (day, source_id, provider, model, currency, calls, cost_nano, unpriced_calls)"
            " values (date('now'), 2, 'openai', 'gpt-5', 'USD', 1, 4250000000, 0)"
        )
        connection.execute(
            "insert into rollup_endpoints (source_id, provider, endpoint, calls, succeeded, failed, timed, total_ms)"
            " values (2, 'openai', '/v1/images', 8, 6, 2, 0, 0)"
        )
    found = sections(served.get("/-/source/beta").text)
    assert ">4.25 USD<" in found["cost_forecast"]
    assert ">75.0 %<" in found["api_reliability"]
    assert ESCAPED in found["orphans"]
    # What a source has none of is left out.
    assert "cost_forecast" not in sections(served.get("/-/source/alpha").text)


def test_a_run_opens_with_a_sentence(served: Served) -> None:
    """run-1 runs since March 10 and gave its last sign of life an hour later; its step is hostile."""
    page = served.get("/-/run/run-1?source=alpha").text
    opening = page.partition('<p class="metadata-description">')[2].partition("</p>")[0]
    assert re.match(rf"Stuck in {re.escape(ESCAPED)}: running for [\d,]+ d( \d+ h)?, silent for [\d,]+ d", opening)
