"""The pages of one story, run, step and source: made of reports, with the things' own rows and no others."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from helpers.serving import ESCAPED, HOSTILE, Served, fill
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport import reports, rollups, schema

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


class Story:
    """A story whose tree is planted: `a: b c` for a node and what its options lead to; a node is as it is named."""

    def __init__(self, path: Path, roots: str, *lines: str) -> None:
        self.connection = schema.connect(path)
        rollups.update(self.connection)
        self.options = {line.split(":")[0]: line.split(":")[1].split() for line in lines}
        self.roots = roots.split()
        run = self.connection.execute
        run("insert into sources (id, name, system, created_at) values (1, 'alpha', 'adventure', '2025-03-01')")
        run("insert into inputs (id, source_id, part, location, signature) values (1, 1, 'database', '', '')")
        run("insert into stories (id, source_id, source_key, input_id) values (1, 1, 'tale', 1), (2, 1, 'other', 1)")
        ids = {node: number for number, node in enumerate(self.options, 1)}
        self.connection.executemany(
            "insert into story_nodes (id, source_id, source_key, input_id, kind, story_id, is_root, is_ending)"
            " values (?, 1, ?, 1, 'node', 1, ?, ?)",
            [(number, node, node in self.roots, not self.options[node]) for node, number in ids.items()],
        )
        self.connection.executemany(
            "insert into story_options (source_id, source_key, input_id, node_id, target_id, target_key, position)"
            " values (1, ?, 1, ?, ?, ?, ?)",
            [
                # Stored from the last to the first: it is the position that says which comes first.
                (f"{node}/{place}", ids[node], ids.get(target), None if target in ids else target, place)
                for node, targets in reversed(self.options.items())
                for place, target in reversed([*enumerate(targets, 1)])
            ],
        )

    def drawn(self) -> list[str]:
        """The tree as it is told: a line a row, two blanks a level, with the note behind it."""
        columns, rows = reports.run(self.connection, reports.find("story_tree"), {"story": "tale"})
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        return [f"{'  ' * row['depth']}{row['node']}{': ' + row['note'] if row['note'] else ''}" for row in found]


def test_where_ways_meet_a_node_is_told_once(tmp_path: Path) -> None:
    """A diamond below a diamond, by hand; one node led to by two options of one; a short way after a long one."""
    diamonds = Story(tmp_path / "a.db", "a", "a:b c", "b:d d", "c:d", "d:e f", "e:g", "f:g", "g:")
    assert diamonds.drawn() == [
        "a",
        "  b",
        "    d",
        "      e",
        "        g",
        "      f",
        "        g: see above",
        "    d: see above",
        "  c",
        "    d: see above",
    ]
    assert Story(tmp_path / "b.db", "a", "a:b d", "b:c", "c:d", "d:e", "e:a d e").drawn() == [
        "a",
        "  b",
        "    c",
        "      d: see below",
        "  d",
        "    e",
        "      a: loops back",
        "      d: loops back",
        "      e: loops back",
    ]


def test_many_diamonds_are_as_many_lines_as_options(tmp_path: Path) -> None:
    """Of 2^16 ways through 16 diamonds each option is told once, and the root."""
    lines = [line for n in range(16) for line in (f"a{n}:b{n} c{n}", f"b{n}:a{n + 1}", f"c{n}:a{n + 1}")]
    story = Story(tmp_path / "a.db", "a0", *lines, "a16:")
    drawn = story.drawn()
    assert len(story.options) == 49
    assert len(drawn) == 1 + 4 * 16
    assert sum(line.endswith("see above") for line in drawn) == 16
    assert {line.split(":")[0].strip() for line in drawn} == set(story.options)


def test_what_no_root_leads_to_comes_last(tmp_path: Path) -> None:
    """What nothing leads to, loops without an entry and what belongs to them, a node that leads to itself alone."""
    assert Story(
        tmp_path / "a.db", "r", "x:y r", "y:x", "l:m", "r:e", "e:", "m:l e n", "n:", "s:s", "i:e m", "j:"
    ).drawn() == [
        "r",
        "  e",
        "s: no option leads here",
        "  s: loops back",
        "i: no option leads here",
        "  e: see above",
        "  m",
        "    l",
        "      m: loops back",
        "    e: see above",
        "    n",
        "j: no option leads here",
        "x: unreachable from the root",
        "  y",
        "    x: loops back",
        "  r: see above",
    ]


def test_many_roots_and_none(tmp_path: Path) -> None:
    """Each root begins a tree, though another leads to it; where there is none, the first of a loop does."""
    assert Story(tmp_path / "a.db", "p q", "p:q a", "q:p a", "a:").drawn() == [
        "p",
        "  q: see below",
        "  a",
        "q",
        "  p: see above",
        "  a: see above",
    ]
    assert Story(tmp_path / "b.db", "", "a:b", "b:a", "c:d", "d:c").drawn() == [
        "a: unreachable from the root",
        "  b",
        "    a: loops back",
        "c: unreachable from the root",
        "  d",
        "    c: loops back",
    ]


def test_what_an_option_cannot_lead_to(tmp_path: Path) -> None:
    """A lost target, a node of another story, which is not followed, and none; what is gone is not told of."""
    story = Story(tmp_path / "a.db", "a", "a:b lost c d", "b:", "c:b", "d:b")
    for statement in (
        "update story_nodes set story_id = 2 where source_key = 'c'",
        "update story_nodes set gone_at = '2025-03-02' where source_key = 'd'",
        "update story_options set target_id = null where source_key = 'a/4'",
        "update story_options set gone_at = '2025-03-02' where source_key = 'a/1'",
    ):
        story.connection.execute(statement)
    assert story.drawn() == [
        "a",
        "  lost: missing",
        "  c: belongs to another story",
        "  ?: missing",
        "b: no option leads here",
    ]


@settings(max_examples=50)
@given(st.data())
def test_every_node_is_told_once_and_every_option(data: st.DataObject) -> None:
    """Of any graph: whole in one place, elsewhere a note that is true of the lines above; the nearest to the roots."""
    nodes = [f"n{n}" for n in range(data.draw(st.integers(1, 9)))]
    lines = {node: data.draw(st.lists(st.sampled_from(nodes), max_size=3)) for node in nodes}
    roots = data.draw(st.lists(st.sampled_from(nodes), max_size=2, unique=True))
    with TemporaryDirectory() as folder:
        story = Story(Path(folder) / "a.db", " ".join(roots), *(f"{node}:{' '.join(to)}" for node, to in lines.items()))
        drawn = story.drawn()
        story.connection.close()
    way: list[str] = []
    whole: list[str] = []
    edges, tops, depths = [], [], {}
    later = set()
    for line in drawn:
        node, _, note = line.strip().partition(": ")
        depth = (len(line) - len(line.lstrip())) // 2
        del way[depth:]
        edges += [(way[-1], node)] if depth else []
        tops += [] if depth else [node]
        if note == "loops back":
            assert node in way
        elif note == "see above":
            assert node in whole
            assert node not in way
        elif note == "see below":
            later.add(node)
            assert node not in whole
        else:
            assert node not in whole
            whole.append(node)
            depths[node] = depth
        way.append(node)
    assert sorted(whole) == nodes
    assert later <= set(whole)
    assert sorted(edges) == sorted((node, target) for node in nodes for target in lines[node])
    assert tops[: len(roots)] == sorted(roots)
    nearest = dict.fromkeys(roots, 0)
    for node in (waiting := [*roots]):
        for target in lines[node]:
            if target not in nearest:
                nearest[target] = nearest[node] + 1
                waiting.append(target)
    assert {node: depths[node] for node in nearest} == nearest
    assert not {*tops[len(roots) :]} & set(nearest)


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
    assert '"rows": [' in page
    assert '"total_ms": 184000' in page
    assert HOSTILE not in page


def test_a_key_may_hold_anything(served: Served) -> None:
    link = re.search(r'href="(/-/run/[^"]+)"[^>]*>a/b c', served.get("/storyreport/stuck_runs").text)
    assert link
    page = served.get(link[1].replace("&amp;", "&"))
    assert page.status_code == 200
    assert "a/b c?é#%41</h1>" in page.text
    assert "stuck_runs" in sections(page.text)


@pytest.mark.parametrize("kind", ["story", "run", "step"])
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
    for kind in ("story", "run", "step", "source"):
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
    assert ">75.00 %<" in found["api_reliability"]
    assert ESCAPED in found["orphans"]
    # What a source has none of is left out.
    assert "cost_forecast" not in sections(served.get("/-/source/alpha").text)
