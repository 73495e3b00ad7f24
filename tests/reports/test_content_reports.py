"""The reports on what was made: trees of stories and what is unsound in them, files, themes and sessions."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from helpers.adventure import ROWS as ADVENTURE_ROWS
from helpers.adventure import TABLES as ADVENTURE
from helpers.media import NEW as MEDIA
from helpers.media import ROWS as MEDIA_ROWS
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker
from hypothesis import given, settings
from hypothesis import strategies as st

# node → (root, ending, winning ending, options: nodes they lead to, or what is no list of options)
Tree = dict[int, tuple[int, int, int, Any]]
SOUND: Tree = {
    1: (1, 0, 0, [2, 3]),
    2: (0, 0, 0, [4, 5, 3]),
    3: (0, 1, 1, []),
    4: (0, 0, 0, [6]),
    5: (0, 1, 0, None),
    6: (0, 1, 1, []),
}


class Games:
    """A choose-your-own-adventure service's database, written as it writes it."""

    def __init__(self, path: Path):
        self.path = path
        change(path, *ADVENTURE.split(";"))

    def add(self, story: int, tree: Tree) -> None:
        """Add a story and its tree, a node's number being its id."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                "insert into stories values (?, ?, 's', '2026-07-01 18:00:30')", [story, f"Tale {story}"]
            )
            connection.executemany(
                "insert into story_nodes values (?, ?, 'A clearing', ?, ?, ?, ?)",
                ((node, story, *marks, self._options(options)) for node, (*marks, options) in tree.items()),
            )

    @staticmethod
    def _options(options: Any) -> str | None:
        if not isinstance(options, list):
            return options  # type: ignore[no-any-return]
        return json.dumps([{"text": "Go", "node_id": target} for target in options])


@pytest.fixture
def games(tmp_path: Path) -> Games:
    """A service without stories."""
    return Games(tmp_path / "games.db")


def problems(db: ReportDatabase) -> set[tuple[str, str | None, str]]:
    """(story, node, problem) as reported."""
    rows = db.report("story_tree_problems")
    found = {(row["story"], row["node"], row["problem"]) for row in rows}
    assert Counter(row["story"] for row in rows) == {
        row["story"]: row["problems"] for row in db.report("story_trees") if row["problems"]
    }
    return found


@pytest.mark.parametrize("name", ["story_trees", "story_tree_problems", "artifacts_by_kind", "themes", "sessions"])
def test_a_source_without_content_has_no_rows(db: ReportDatabase, tracker: Tracker, name: str) -> None:
    """Where there is nothing to report, that is no error."""
    tracker.end("A", "01_ingest", "r", 10)
    db.ingest(tracker.path)
    assert db.report(name) == []


# Trees ---------------------------------------------------------------------------------------------------------------


def test_what_a_tree_looks_like(db: ReportDatabase, games: Games) -> None:
    """Its nodes and endings, and how many options the farthest node is away; ways may meet again."""
    games.add(1, SOUND)
    games.add(2, {11: (1, 1, 0, [])})
    db.ingest(games.path)
    assert [list(row.values()) for row in db.report("story_trees")] == [
        ["games", "1", "Tale 1", 6, 3, 2, 3, 0],
        ["games", "2", "Tale 2", 1, 1, 0, 0, 0],
    ]
    assert db.report("story_tree_problems") == []
    assert db.report("story_trees", source="other") == []


@pytest.mark.parametrize(
    ("tree", "node", "problem", "detail"),
    [
        ({}, None, "no_root", "it has no nodes"),
        ({1: (0, 0, 0, [2]), 2: (0, 1, 0, [])}, None, "no_root", "none of its 2 nodes is marked as the root"),
        ({7: (1, 1, 0, [])}, None, "many_roots", "2 nodes are marked as the root, 1 and 7 among them"),
        ({6: (0, 1, 1, [5])}, "6", "ending_with_options", "it is an ending and has 1 option"),
        ({6: (0, 1, 1, [5, 3] + [5] * 9)}, "6", "ending_with_options", "it is an ending and has 11 options"),
        ({6: (0, 0, 0, [])}, "6", "dead_end", "it is no ending and has no options"),
        ({6: (0, 0, 0, None)}, "6", "dead_end", "it is no ending and has no options"),
        ({4: (0, 0, 0, [6, 777])}, "4", "unknown_option", "option 2 leads to node 777, which is not there"),
        ({4: (0, 0, 0, [None, 6])}, "4", "unknown_option", "option 1 names no node"),
        ({4: (0, 0, 0, [6, 99])}, "4", "foreign_option", "option 2 leads to node 99 of another story"),
        ({7: (0, 1, 0, [])}, "7", "unreachable", "no way leads to it from the root"),
        ({4: (0, 0, 0, [6, 4])}, "4", "cycle", "option 2 leads back to node 4"),
        ({4: (0, 0, 0, [6, 1])}, "4", "cycle", "option 2 leads back to node 1"),
        ({5: (0, 1, 0, "{not JSON")}, "5", "broken_options", "its options are no list of options"),
        ({5: (0, 1, 0, '{"text": "Go"}')}, "5", "broken_options", "its options are no list of options"),
        ({5: (0, 0, 0, '["Go"]')}, "5", "broken_options", "its options are no list of options"),
    ],
)
def test_each_problem_is_found_alone(
    db: ReportDatabase, games: Games, tree: Tree, node: str | None, problem: str, detail: str
) -> None:
    """A sound tree with one thing wrong has one problem; the sound one beside it has none."""
    is_whole = problem == "no_root"
    games.add(1, tree if is_whole else {**SOUND, **tree})
    games.add(2, {99: (1, 1, 0, [])})
    db.ingest(games.path)
    assert [list(row.values()) for row in db.report("story_tree_problems")] == [["games", "1", node, problem, detail]]
    assert [(row["story"], row["problems"]) for row in db.report("story_trees")] == [("1", 1), ("2", 0)]


def test_cycles_that_the_root_does_not_reach(db: ReportDatabase, games: Games) -> None:
    """They are found too, beside that nothing leads there; and a cycle needs no way back to where it is entered."""
    games.add(1, {1: (1, 1, 0, []), 2: (0, 0, 0, [3]), 3: (0, 0, 0, [2])})
    games.add(2, {11: (1, 0, 0, [12, 13]), 12: (0, 0, 0, [14]), 13: (0, 0, 0, [15]), 14: (0, 0, 0, [13, 16]),
                  15: (0, 0, 0, [12]), 16: (0, 1, 0, [])})  # fmt: skip
    db.ingest(games.path)
    assert problems(db) == {
        ("1", "2", "unreachable"),
        ("1", "3", "unreachable"),
        ("1", "3", "cycle"),
        ("2", "15", "cycle"),
    }


def test_trees_follow_their_source(db: ReportDatabase, games: Games) -> None:
    """What is repaired has no problem any more; what is deleted has no tree, and what it leaves behind is no tree."""
    games.add(1, SOUND)
    games.add(2, {11: (1, 0, 0, [12, 1]), 12: (0, 1, 0, [])})
    db.ingest(games.path)
    assert problems(db) == {("2", "11", "foreign_option")}

    change(games.path, "delete from story_nodes where id = 6", "update story_nodes set options = '[]' where id = 11")
    db.ingest(games.path, full=True)
    assert problems(db) == {("1", "4", "unknown_option"), ("2", "11", "dead_end"), ("2", "12", "unreachable")}

    change(games.path, "delete from stories where id = 2")
    db.ingest(games.path)
    assert problems(db) == {("1", "4", "unknown_option")}
    assert [(row["story"], row["nodes"], row["depth"]) for row in db.report("story_trees")] == [("1", 5, 2)]

    games.add(3, {})
    db.ingest(games.path)
    assert problems(db) == {("1", "4", "unknown_option"), ("3", None, "no_root")}


def test_a_story_from_before_the_first_tree_lacks_its_own(db: ReportDatabase, games: Games) -> None:
    """Only where stories are trees is one without nodes unsound."""
    games.add(1, {})
    db.ingest(games.path)
    assert db.report("story_trees") == []
    games.add(2, {11: (1, 1, 0, [])})
    db.ingest(games.path)
    assert problems(db) == {("1", None, "no_root")}


TARGETS = st.lists(st.integers(min_value=1, max_value=9), max_size=3)
TREES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.just(0), TARGETS), max_size=8)


def expected_problems(trees: list[Tree], story: int) -> set[tuple[str, str | None, str]]:
    """What is unsound by the definition, but for cycles, found by walking through Python's own objects."""
    tree = trees[story]
    roots = [node for node, (is_root, *_) in tree.items() if is_root]
    reached, waiting = set(roots), list(roots)
    while waiting:
        new = {target for target in tree[waiting.pop()][3] if target in tree} - reached
        reached |= new
        waiting += new
    known = {node for tree in trees for node in tree}
    found: set[tuple[int | None, str]] = {(None, "no_root")} if not roots else set()
    found |= {(None, "many_roots")} if len(roots) > 1 else set()
    for node, (_, is_ending, _, targets) in tree.items():
        found |= {(node, "ending_with_options")} if is_ending and targets else set()
        found |= {(node, "dead_end")} if not is_ending and not targets else set()
        found |= {(node, "unreachable")} if roots and node not in reached else set()
        for target in targets:
            found |= {(node, "unknown_option")} if target not in known else set()
            found |= {(node, "foreign_option")} if target in known - set(tree) else set()
    return {(str(story), str(node) if node else None, problem) for node, problem in found}


def has_cycle(tree: Tree, without: set[int]) -> bool:
    """Whether options lead round in a circle, those of some nodes aside."""
    options = {
        node: [] if node in without else [t for t in targets if t in tree] for node, (*_, targets) in tree.items()
    }
    try:
        TopologicalSorter(options).prepare()
    except CycleError:
        return True
    return False


@settings(max_examples=25)
@given(TREES, TREES, st.booleans())
def test_any_graph_is_judged_by_the_definition(one: list[Any], two: list[Any], at_once: bool) -> None:
    """Whatever options lead to, and whether the stories come together or one after the other."""
    # The nodes of the first story are odd, those of the second even, so that options may lead across.
    trees: list[Tree] = [
        {2 * place + first: node for place, node in enumerate(nodes)} for first, nodes in ((1, one), (2, two))
    ]
    with TemporaryDirectory() as folder:
        games, db = Games(Path(folder) / "games.db"), ReportDatabase(Path(folder))
        games.add(9, {999: (1, 1, 0, [])})
        for story, tree in enumerate(trees):
            if not at_once:
                db.ingest(games.path)
            games.add(story, tree)
        db.ingest(games.path)
        found = problems(db)
    cycles = {problem for problem in found if problem[2] == "cycle"}
    assert found - cycles == {problem for story in (0, 1) for problem in expected_problems(trees, story)}
    for story, tree in enumerate(trees):
        closing_nodes = {int(node or 0) for of, node, _ in cycles if of == str(story)}
        assert bool(closing_nodes) == has_cycle(tree, without=set())
        assert not has_cycle(tree, without=closing_nodes)


def test_a_large_graph_is_walked_once(db: ReportDatabase, games: Games) -> None:
    """Thousands of nodes in a row, and then ways from each to others: neither too deep nor too many ways."""
    count = 5000
    games.add(1, {n: (int(n == 1), int(n == count), 0, [n + 1] if n < count else []) for n in range(1, count + 1)})
    mesh = {
        n: (int(n == count + 1), 0, 0, [count + 1 + (n * step) % count for step in (7, 11, 13)])
        for n in range(count + 1, 2 * count + 1)
    }
    games.add(2, mesh)
    db.ingest(games.path)
    trees = {row["story"]: row for row in db.report("story_trees")}
    assert (trees["1"]["depth"], trees["1"]["problems"]) == (count - 1, 0)
    assert trees["2"]["nodes"] == count
    assert ("2", "cycle") in {(story, problem) for story, _, problem in problems(db)}


def test_scenes_are_no_trees(db: ReportDatabase, tmp_path: Path) -> None:
    """A video's scenes are nodes of another kind."""
    change(tmp_path / "videos.db", *MEDIA.split(";"), *MEDIA_ROWS)
    db.ingest(tmp_path / "videos.db")
    assert db.one("select count(*) from story_nodes") == 1
    assert db.report("story_trees") == []


# Files, themes, sessions ---------------------------------------------------------------------------------------------


def test_files_by_kind(db: ReportDatabase, tmp_path: Path) -> None:
    """Those that are there, the kind that takes most space first; and of a source's own folder the outputs."""
    videos = tmp_path / "videos.db"
    change(
        videos,
        *MEDIA.split(";"),
        *MEDIA_ROWS,
        """insert into generated_files values
            ('f3', 'w1', 'image', '/files/images/2.png', '2.png', 500, 'image/png', '{}', '2026-03-01 10:05:00'),
            ('f4', 'w2', 'image', '/files/images/3.png', '3.png', null, 'image/png', '{}', '2026-03-02 10:05:00'),
            ('f5', 'gone', 'audio', '/files/audio/1.mp3', '1.mp3', null, null, '{}', '2026-03-02 10:05:00')""",
    )
    db.ingest(videos)
    assert [list(row.values()) for row in db.report("artifacts_by_kind")] == [
        ["videos", "video", 1, 50_000, 1],
        ["videos", "image", 3, 1500, 2],
        ["videos", "audio", 1, None, 0],
    ]
    change(videos, "delete from generated_files where id in ('f1', 'f2')")
    db.ingest(videos)
    assert [list(row.values()) for row in db.report("artifacts_by_kind", source="videos")] == [
        ["videos", "image", 2, 500, 2],
        ["videos", "audio", 1, None, 0],
    ]


def test_outputs_of_a_pipeline_are_files(db: ReportDatabase, tmp_path: Path) -> None:
    """Each of a story's outputs counts; the story once."""
    for place, text in (("01_ingest/A", "{}"), ("02_preprocess/A", '{"b": 1}'), ("01_ingest/B", "{}")):
        path = tmp_path / "outputs" / f"{place}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    db.ingest(tmp_path / "outputs")
    assert [list(row.values())[1:] for row in db.report("artifacts_by_kind")] == [["output", 3, 12, 2]]


@pytest.fixture
def jobs(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    """Jobs of two themes and two sessions on two days; the planted ones before them end hours before they begin."""
    path = tmp_path / "games.db"
    change(
        path,
        *ADVENTURE.split(";"),
        *ADVENTURE_ROWS,
        """insert into story_jobs values
            (11, 'j-11', 'cookie-1', 'sea', 'completed', null, null, '2026-07-02 10:00:00', '2026-07-02 10:00:04'),
            (12, 'j-12', 'cookie-1', 'sea', 'completed', null, null, '2026-07-02 11:00:00', '2026-07-02 11:00:08'),
            (13, 'j-13', 'cookie-1', 'sea', 'Failed', null, 'Boom', '2026-07-02 12:00:00', '2026-07-02 12:00:30'),
            (14, 'j-14', 'cookie-1', 'moon', 'pending', null, null, '2026-07-02 13:00:00', null)""",
        "insert into stories values (3, 'The Eel', 'cookie-1', '2026-07-02 14:00:00')",
    )
    db.ingest(path)
    return db


def test_themes(jobs: ReportDatabase) -> None:
    """Of the jobs that ended, how many failed; how long they took where that is known.

    The one of the woods was completed seven hours before it began: its story, registered after 30 s, proves the zone.
    """
    assert [list(row.values()) for row in jobs.report("themes")] == [
        ["games", "woods", 2, 1, 1, 50.0, 30250],
        ["games", "sea", 6, 2, 1, 33.33, 6000],
        ["games", "moon", 1, 0, 0, None, None],
    ]
    assert [list(row.values())[1:] for row in jobs.report("themes", until="2026-07-01")] == [
        ["woods", 2, 1, 1, 50.0, 30250],
        ["sea", 3, 0, 0, None, None],
    ]
    assert [row["theme"] for row in jobs.report("themes", since="2026-07-02")] == ["sea", "moon"]
    assert jobs.report("themes", source="other") == []


def test_sessions(jobs: ReportDatabase) -> None:
    """Whose stories and jobs they are, by a hash that tells nobody's cookie; the busiest session first."""
    rows = jobs.report("sessions")
    assert [list(row.values())[2:] for row in rows] == [
        [1, 4, 1, "2026-07-02T10:00:00.000Z", "2026-07-02T14:00:00.000Z"],
        [1, 3, 0, "2026-07-01T18:40:00.000Z", "2026-07-01T19:00:30.000Z"],
        [1, 2, 1, "2026-07-01T18:00:00.000Z", "2026-07-01T18:30:00.000Z"],
    ]
    assert len({row["session"] for row in rows}) == 3
    assert not any("cookie" in row["session"] for row in rows)
    (later,) = jobs.report("sessions", since="2026-07-02")
    assert later == rows[0]
    assert len(jobs.report("sessions", until="2026-07-01")) == 2
    assert jobs.report("sessions", source="other") == []
