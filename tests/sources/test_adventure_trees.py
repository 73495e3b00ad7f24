"""The choose-your-own-adventure service: orphans, and story trees that are not sound."""

import json
from pathlib import Path

import pytest
from helpers.adventure import PRIVATE, SESSION
from helpers.adventure_rows import bytes_of, options_of, plant, plant_jobs
from helpers.report_database import ReportDatabase, change


def plant_node(path: Path, node: int, options: object, story: int = 1) -> None:
    """Add a node with options of any kind."""
    plant(path, "insert into story_nodes values (?, ?, 'A secret clearing', 0, 0, 0, ?)", (node, story, options))


# Orphans -------------------------------------------------------------------------------------------------------------


def test_a_job_may_name_a_story_that_is_gone(db: ReportDatabase, games: Path) -> None:
    """Such a job is an orphan, once, until the story is there; then so is what it did, without being read again."""
    change(games, "update story_jobs set story_id = 77 where id = 1")
    plant_jobs(games, 12_000)
    db.ingest(games)
    (orphan,) = db.report("orphans")
    assert (orphan["kind"], orphan["key"], orphan["missing"], orphan["missing_key"]) == ("job", "j-done", "story", "77")
    plant(games, "insert into stories values (?, ?, ?, ?)", (77, "The Hen", SESSION, None))
    db.ingest(games)
    assert db.report("orphans") == []
    assert db.sql(
        "select stories.source_key from step_runs join stories on stories.id = story_id"
        " where step_runs.source_key = 'j-done'"
    ) == [("77",)]


def test_a_deleted_story_leaves_its_nodes(db: ReportDatabase, games: Path) -> None:
    """A story's nodes and job point at nothing when it is deleted, and at it again when it is back."""
    db.ingest(games)
    assert db.report("orphans") == []
    change(games, "delete from stories where id = 1")
    assert db.ingest(games).counts.gone == 1
    assert sorted((row["kind"], row["key"], row["missing_key"]) for row in db.report("orphans")) == [
        ("job", "j-done", "1"),
        ("node", "1", "1"),
        ("node", "2", "1"),
        ("node", "3", "1"),
    ]
    plant(games, "insert into stories values (?, ?, ?, ?)", (1, "The Fox", SESSION, None))
    db.ingest(games)
    assert db.report("orphans") == []


# Trees that are not sound --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "broken"),
    [
        ("[]", 0),
        (None, 0),
        ("null", 0),
        ('[{"text": "on", "node_id": 2}]', 0),
        ("", 1),
        ("[{", 1),
        ("not json", 1),
        ("{}", 1),
        ('{"options": []}', 1),
        ("7", 1),
        (7, 1),
        ('"[]"', 1),
        ('[{"node_id": 2}, 2]', 1),
        ("[[]]", 1),
        ("[null]", 1),
        ("[" * 100_000, 1),
        ("[" * 100_000 + "]" * 100_000, 1),
        ('{"a":' * 5000 + "1" + "}" * 5000, 1),
        (b"\xff\xfe", 1),
        ('[{"node_id": 2}', 1),
    ],
)
def test_options_may_be_broken(db: ReportDatabase, games: Path, options: object, broken: int) -> None:
    """Whatever stands for options, the node is loaded, and flagged where they are not a list of objects."""
    plant_node(games, 50, options)
    assert db.ingest(games).counts.rejected == 0
    assert db.sql("select has_broken_options from story_nodes where source_key = '50'") == [(broken,)]
    assert db.one("select sum(has_broken_options) from story_nodes") == broken


def test_what_options_name(db: ReportDatabase, games: Path) -> None:
    """An option keeps its place and what it names as it is written: a node of any story, none, or nothing."""
    named = [2, "3", 4, 999, "a/b", "", None, 2.5, True, {"a": "A secret path"}, [1], 50, 10**30, "x" * 600, "\ud800"]
    options: list[object] = [{"text": "A secret path", "node_id": node} for node in named]
    plant_node(games, 50, json.dumps([*options, "A secret path", {}]))
    db.ingest(games)
    found = options_of(db, "50")
    assert found[:12] == [
        (1, "2", None),
        (2, "3", None),
        (3, "4", None),
        (4, None, "999"),
        (5, None, "a/b"),
        (6, None, None),
        (7, None, None),
        (8, None, "2.5"),
        (9, None, None),
        (10, None, None),
        (11, None, None),
        (12, "50", None),
    ]
    assert [position for position, _, _ in found[12:]] == [13, 14, 15, 17]
    assert len(str(found[13][2])) == 500
    assert (
        db.one(
            "select count(*) from story_options join story_nodes as a on a.id = node_id join story_nodes as b on b.id ="
            " target_id where a.story_id <> b.story_id"
        )
        == 1
    )
    assert [text for text in PRIVATE if text.encode() in bytes_of(db)] == []


def test_a_node_of_200_000_options(db: ReportDatabase, games: Path) -> None:
    """A node may have more options than anyone reads."""
    plant_node(games, 50, "[" + ",".join(['{"text":"A secret path","node_id":2}'] * 200_000) + "]")
    db.ingest(games)
    assert db.one("select count(*) from story_options where target_key is null and target_id is not null") == 200_002


def test_a_hundred_thousand_nodes_in_a_loop(db: ReportDatabase, games: Path) -> None:
    """A tree as long as no tree is, whose end leads to its beginning, is loaded link by link."""
    nodes = 100_000
    plant(
        games,
        "insert into story_nodes values (?, 2, 'A secret clearing', 0, 0, 0, ?)",
        *((100 + n, json.dumps([{"text": "on", "node_id": 100 + (n + 1) % nodes}])) for n in range(nodes)),
    )
    db.ingest(games)
    assert db.one("select count(*) from story_nodes") == 4 + nodes
    assert db.one("select count(*) from story_options where target_id is not null") == 2 + nodes
    change(games, "insert into story_nodes values (5, 1, 'x', 0, 1, 0, '[]')", "update stories set title = 'The Elk'")
    assert db.ingest(games).counts.inserted == 1
