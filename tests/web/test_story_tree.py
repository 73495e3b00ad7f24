"""A story's tree: every node once, below the shortest way to it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from helpers.report_database import laid_out
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport import reports, schema


class Story:
    """A story whose tree is planted: `a: b c` for a node and what its options lead to; a node is as it is named."""

    def __init__(self, path: Path, roots: str, *lines: str) -> None:
        path.write_bytes(laid_out())
        self.connection = schema.connect(path)
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
        """The tree as it is shown: a line a row, two blanks a level, with the note behind it."""
        columns, rows = reports.run(self.connection, reports.find("story_tree"), {"story": "tale"})
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        return [f"{'  ' * row['depth']}{row['node']}{': ' + row['note'] if row['note'] else ''}" for row in found]


def test_where_ways_meet_a_node_is_shown_once(tmp_path: Path) -> None:
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
    """Of 2^16 ways through 16 diamonds each option is shown once, and the root."""
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
    """A lost target, a node of another story, which is not followed, and none; what is gone is not shown."""
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
def test_every_node_is_shown_once_and_every_option(data: st.DataObject) -> None:
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
