"""The choose-your-own-adventure service: its jobs in two time zones, its trees, and what is private in it."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers import DATA
from helpers.adventure import OTHER_SESSION, PRIVATE, SESSION, TABLES
from helpers.postgres import execute, new_database
from helpers.report_database import ReportDatabase, ask, change


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A copy of a database that such a service really wrote."""
    return Path(shutil.copy(DATA / "adventure.db", tmp_path))


def plant(path: Path, statement: str, *rows: tuple[object, ...]) -> None:
    """Add rows whose values are no literals."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(statement, rows)


def plant_jobs(path: Path, count: int) -> None:
    """Add jobs, more of them than are read again for having come last."""
    plant(
        path,
        "insert into story_jobs values (?, ?, ?, 'sea', 'completed', null, null, ?, ?)",
        *((n, f"j-{n}", SESSION, "2026-07-02 10:00:00", "2026-07-02 10:00:09") for n in range(100, 100 + count)),
    )


def plant_node(path: Path, node: int, options: object, story: int = 1) -> None:
    """Add a node with options of any kind."""
    plant(path, "insert into story_nodes values (?, ?, 'A secret clearing', 0, 0, 0, ?)", (node, story, options))


def options_of(db: ReportDatabase, node: str) -> list[tuple[object, ...]]:
    """(position, target, key of what is no node) of a node's options."""
    return db.sql(
        """
        select story_options.position, targets.source_key, target_key
        from story_options
        join story_nodes as nodes on nodes.id = node_id
        left join story_nodes as targets on targets.id = target_id
        where nodes.source_key = ? and story_options.gone_at is null
        order by 1
        """,
        node,
    )


def bytes_of(db: ReportDatabase) -> bytes:
    """All that the report database holds."""
    return b"".join(file.read_bytes() for file in db.path.parent.glob(db.path.name + "*"))


# The real file -------------------------------------------------------------------------------------------------------


def test_the_real_file_is_loaded_whole(db: ReportDatabase, real: Path) -> None:
    """Each row of the real file is in the report database, and so is each option."""
    outcome = db.ingest(real)
    counted = {t: ask(real, f"select count(*) from {t}")[0][0] for t in ("stories", "story_jobs", "story_nodes")}
    assert (outcome.counts.read, outcome.counts.rejected) == (sum(counted.values()), 0)
    assert db.sql("select system from sources") == [("adventure",)]
    assert db.one("select count(*) from stories") == counted["stories"]
    assert db.sql("select kind, count(*) from runs group by 1") == [("job", counted["story_jobs"])]
    assert db.sql("select kind, count(*) from story_nodes group by 1") == [("node", counted["story_nodes"])]
    assert db.one("select count(*) from step_runs") == counted["story_jobs"]
    edges = ask(
        real,
        "select story_nodes.id, json_extract(value, '$.node_id') from story_nodes join json_each(options)"
        " order by story_nodes.id, key",
    )
    assert (
        db.sql("""
        select cast(nodes.source_key as integer), cast(targets.source_key as integer)
        from story_options
        join story_nodes as nodes on nodes.id = node_id
        join story_nodes as targets on targets.id = target_id
        order by 1, story_options.position
    """)
        == edges
    )


def test_the_real_file_s_trees(db: ReportDatabase, real: Path) -> None:
    """A node is a root, an ending or a winning one where the source says so, and belongs to its story."""
    db.ingest(real)
    asked = """
        select {story}, count(*), sum(is_root), sum(is_ending), sum(is_winning_ending)
        from {nodes} group by 1 order by 1
    """
    of_source = asked.format(story="cast(story_id as text)", nodes="story_nodes")
    joined = "story_nodes join stories on stories.id = story_id"
    assert db.sql(asked.format(story="stories.source_key", nodes=joined)) == ask(real, of_source)
    assert db.one("select sum(has_broken_options) from story_nodes") == 0
    assert db.report("orphans") == []


def test_the_real_file_s_failures(db: ReportDatabase, real: Path) -> None:
    """The report counts jobs as SQL on the source does, whatever the case of their statuses."""
    db.ingest(real)
    (expected,) = ask(
        real,
        "select count(*), sum(lower(status) = 'completed'), sum(lower(status) = 'failed') from story_jobs",
    )
    (row,) = db.report("failure_rates")
    assert (row["step"], row["executions"], row["completed"], row["failed"]) == ("generate_story", *expected)
    assert (row["failed"], row["failure_pct"]) == (1, 14.29)
    assert db.sql("select theme, count(*) from runs group by 1") == ask(
        real, "select theme, count(*) from story_jobs group by 1"
    )


def test_without_a_zone_the_stories_prove_it(db: ReportDatabase, real: Path) -> None:
    """Stories are written, in UTC, just before their jobs end: ends are read 7 h later, and the report says so."""
    db.ingest(real)
    assert db.sql("select source_key, ended_at from runs order by 1") == ask(
        real,
        "select job_id, strftime('%Y-%m-%dT%H:%M:%fZ', substr(completed_at, 1, 23), '+7 hours')"
        " from story_jobs order by 1",
    )
    (found,) = db.report("data_quality")
    assert list(found) == ["source", "area", "problem", "rows", "example", "action"]
    (backwards,) = ask(real, "select count(*) from story_jobs where completed_at < created_at")[0]
    assert (found["source"], found["area"], found["rows"]) == ("adventure", "times", backwards)
    assert found["problem"] == "story_jobs: completed_at corrected"
    assert found["example"].endswith("by +7.00 h")


@pytest.mark.parametrize("late", [False, True])
def test_with_its_zone_durations_are_right(db: ReportDatabase, real: Path, late: bool) -> None:
    """In the server's zone, given at once or once the report has named it, each duration is that of the source."""
    if late:
        db.ingest(real)
    db.ingest(real, timezone="America/Los_Angeles")
    expected = ask(
        real,
        "select job_id, round((julianday(completed_at, '+7 hours') - julianday(created_at)) * 86400000)"
        " from story_jobs order by 1",
    )
    # Times are kept to the millisecond, cut.
    for table in ("runs", "step_runs"):
        found = db.sql(f"select source_key, duration_ms from {table} order by 1")
        assert [key for key, _ in found] == [key for key, _ in expected]
        assert all(abs(a - b) <= 1 for (_, a), (_, b) in zip(found, expected, strict=True))
    done = ask(
        real,
        "select avg(julianday(completed_at, '+7 hours') - julianday(created_at)) * 86400000 from story_jobs"
        " where lower(status) = 'completed'",
    )[0][0]
    (row,) = db.report("slowest_steps")
    assert row["step"] == "generate_story"
    assert abs(row["avg_ms"] - done) <= 1
    assert db.report("data_quality") == []
    assert db.sql("select ended_at from runs where source_key like 'a3c095d1%'") == [("2025-07-19T18:57:03.225Z",)]


def test_nothing_private_of_the_real_file(db: ReportDatabase, real: Path) -> None:
    """No session, text of a node or text of an option is in the report database's bytes; titles are."""
    db.ingest(real)
    stored = bytes_of(db)
    sessions = {s for (s,) in ask(real, "select session_id from stories union select session_id from story_jobs")}
    texts = {text for (text,) in ask(real, "select content from story_nodes")}
    texts |= {t for (t,) in ask(real, "select json_extract(value, '$.text') from story_nodes join json_each(options)")}
    assert len(sessions) > 4
    assert len(texts) > 200
    assert [private for private in sessions | texts if private.encode() in stored] == []
    assert b"Splash Adventure at Aqua Paradise" in stored


# Jobs and sessions ---------------------------------------------------------------------------------------------------


def test_statuses_in_any_case(db: ReportDatabase, games: Path) -> None:
    """A status is known in any case; an unknown one is kept, not guessed, and said."""
    db.ingest(games)
    assert db.sql("select source_key, status, source_status, current_step from runs order by id") == [
        ("j-done", "completed", "Completed", None),
        ("j-failed", "failed", " FAILED ", None),
        ("j-running", "running", "processing", "generate_story"),
        ("j-waiting", "queued", "PENDING", "generate_story"),
        ("j-odd", None, "paused", None),
    ]
    (found,) = [row for row in db.report("data_quality") if row["area"] == "statuses"]
    assert (found["problem"], found["rows"], found["example"]) == ("job with an unknown status", 1, "paused")


def test_a_job_is_one_execution_when_it_has_ended(db: ReportDatabase, games: Path) -> None:
    """A job has one step run, of its run and story, with its times; until then it is stuck once, as a job."""
    db.ingest(games, timezone="America/Los_Angeles")
    assert db.sql("""
        select runs.source_key, steps.name, steps.family, step_runs.kind, step_runs.is_derived, step_runs.status,
            stories.source_key, step_runs.started_at, step_runs.ended_at, step_runs.duration_ms, runs.duration_ms
        from step_runs
        join steps on steps.id = step_id
        join runs on runs.id = run_id
        left join stories on stories.id = step_runs.story_id
        order by 1
    """) == [
        ("j-done", "generate_story", "generate_story", "job_step", 1, "completed", "1", "2026-07-01T18:00:00.000Z",
            "2026-07-01T18:00:30.250Z", 30_250, 30_250),
        ("j-failed", "generate_story", "generate_story", "job_step", 1, "failed", None, "2026-07-01T18:30:00.000Z",
            "2026-07-01T18:31:00.000Z", 60_000, 60_000),
    ]  # fmt: skip
    (stuck,) = db.report("stuck_runs", as_of="2026-07-01T20:00:00Z")
    assert (stuck["kind"], stuck["run"], stuck["step"]) == ("job", "j-running", "generate_story")
    assert stuck["stuck_minutes"] == 80
    assert db.sql("select error_message from runs where error_id is not null") == [("No answer",)]


def test_a_job_without_a_job_id_has_its_number(db: ReportDatabase, games: Path) -> None:
    """An older job that has no id of its own is known by its number, and is no other's."""
    change(games, "update story_jobs set job_id = null where id = 1", "update story_jobs set job_id = '1' where id = 2")
    db.ingest(games)
    assert db.sql("select source_key from runs order by id limit 2") == [("job 1",), ("1",)]
    assert db.sql("select source_key from step_runs order by 1") == [("1",), ("job 1",)]


def test_a_session_is_a_keyed_hash(db: ReportDatabase, games: Path) -> None:
    """A session has the same hash in stories and jobs, whenever it is read, and another one in another database."""
    db.ingest(games)
    hashes = dict(db.sql("select source_key, session_hash from stories"))
    assert len(set(hashes.values())) == 2
    assert all(len(value) == 16 and int(value, 16) for value in hashes.values())
    assert {value for (value,) in db.sql("select session_hash from runs")} == set(hashes.values())
    assert dict(db.sql("select source_key, session_hash from runs where source_key in ('j-done', 'j-odd')")) == {
        "j-done": hashes["1"],
        "j-odd": hashes["2"],
    }
    plant(games, "insert into stories values (?, ?, ?, ?)", (3, "The Hen", SESSION, None), (4, "x", None, None))
    db.ingest(games)
    assert db.sql("select session_hash from stories where source_key in ('3', '4') order by source_key") == [
        (hashes["1"],),
        (None,),
    ]
    other = ReportDatabase(games.parent)
    other.path = games.parent / "other.db"
    other.ingest(games)
    assert not set(hashes.values()) & {value for (value,) in other.sql("select session_hash from stories")}


def test_nothing_private_is_copied(db: ReportDatabase, games: Path) -> None:
    """No byte of the report database holds a session, even where a row is rejected or an error repeats it."""
    change(
        games,
        f"update story_jobs set error = 'No story for {SESSION} yet' where id = 2",
        f"""insert into story_jobs values (9, 'j-sql', '{SESSION}', 'sea', 'failed', null,
            '(sqlite3.OperationalError) database is locked [SQL: INSERT INTO story_nodes VALUES (?, ?)]
            [parameters: (1, ''A secret clearing'', ''{OTHER_SESSION}'')]', null, null)""",
        f"insert into story_jobs (id, job_id, session_id, created_at) values (10, 'j-bad', '{SESSION}', 'yesterday')",
        f"insert into stories values (10, 'Of {SESSION}', '{SESSION}', 'yesterday')",
        "insert into stories values (11, 'Of another', 'xq7-tab', 'yesterday')",
        """insert into story_nodes (id, story_id, content, options) values
            (60, 1.5, 'A secret clearing', '[{"text": "A secret path"}]')""",
    )
    outcome = db.ingest(games)
    assert outcome.counts.rejected == 4
    assert [text for text in (*PRIVATE, "xq7-tab") if text.encode() in bytes_of(db)] == []
    assert db.sql("select error_message from runs where source_key = 'j-failed'") == [("No story for <hidden> yet",)]
    assert db.one("select error_message from runs where source_key = 'j-sql'").startswith("(sqlite3.OperationalError)")
    assert db.sql("select source_table, reason from rejects order by 1") == [
        ("stories", "created_at is no possible time"),
        ("stories", "created_at is no possible time"),
        ("story_jobs", "created_at is no possible time"),
        ("story_nodes", "story_id is no readable key"),
    ]


def test_texts_if_asked(db: ReportDatabase, games: Path) -> None:
    """With the texts of nodes and options copied, sessions are still hashed."""
    db.ingest(games)
    db.ingest(games, with_text=True)
    assert db.sql("select distinct text from story_nodes") == [("A secret clearing",)]
    assert db.sql("select distinct text from story_options") == [("A secret path",)]
    assert [text for text in (SESSION, OTHER_SESSION) if text.encode() in bytes_of(db)] == []


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


def test_a_million_options(db: ReportDatabase, games: Path) -> None:
    """A node may have more options than anyone reads."""
    plant_node(games, 50, "[" + ",".join(['{"text":"A secret path","node_id":2}'] * 1_000_000) + "]")
    db.ingest(games)
    assert db.one("select count(*) from story_options where target_key is null and target_id is not null") == 1_000_002


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


# What changes --------------------------------------------------------------------------------------------------------


def test_the_same_again_writes_nothing(db: ReportDatabase, real: Path) -> None:
    """An unchanged source is not even read; read in full, it gives the same rows."""
    tables = ("stories", "runs", "step_runs", "story_nodes", "story_options")
    db.ingest(real)
    before = [db.sql(f"select * from {table} order by id") for table in tables]
    assert db.ingest(real).unchanged
    full = db.ingest(real, full=True)
    assert (full.counts.read, full.counts.written) == (128, 0)
    assert [db.sql(f"select * from {table} order by id") for table in tables] == before


def test_jobs_that_come_and_end_are_found(db: ReportDatabase, games: Path) -> None:
    """A job that hung for long and ends in place is found among many, by being open; the many are not read again."""
    plant_jobs(games, 40_000)
    db.ingest(games)
    change(
        games,
        "update story_jobs set status = 'completed', story_id = 2, completed_at = '2026-07-02 08:00:00' where id = 3",
        "insert into story_jobs (job_id, session_id, theme, status) values ('j-new', 'x', 'sea', 'pending')",
    )
    outcome = db.ingest(games)
    # The run and the step run that has ended; the new run.
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (2, 1, 0)
    assert outcome.counts.read < 15_000
    assert db.sql("""
        select runs.status, runs.current_step, stories.source_key, step_runs.duration_ms
        from runs
        join stories on stories.id = runs.story_id
        join step_runs on step_runs.run_id = runs.id
        where runs.source_key = 'j-running'
    """) == [("completed", None, "2", 48_000_000)]
    assert [row["executions"] for row in db.report("failure_rates")] == [40_003]


def test_a_job_that_starts_again_has_not_ended(db: ReportDatabase, games: Path) -> None:
    """A job that is set back to processing in place takes back that it had ended."""
    db.ingest(games)
    change(games, "update story_jobs set status = 'processing', completed_at = null where id = 2")
    assert db.ingest(games).counts.gone == 1
    assert db.sql("select source_key from step_runs where gone_at is null") == [("j-done",)]
    assert db.sql("select status from runs where source_key = 'j-failed'") == [("running",)]


def test_changed_nodes_are_found(db: ReportDatabase, games: Path) -> None:
    """A node that gets other options loses those that it had; one that is deleted takes its options along."""
    db.ingest(games)
    change(
        games,
        """update story_nodes set options = '[{"text": "A secret path", "node_id": 3}]' where id = 1""",
        """update story_nodes set options = '[{"text": "A secret path", "node_id": 1}]' where id = 4""",
    )
    outcome = db.ingest(games)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (1, 1, 1)
    assert options_of(db, "1") == [(1, "3", None)]
    assert options_of(db, "4") == [(1, "1", None)]
    change(games, "delete from story_nodes where id in (1, 3)")
    db.ingest(games)
    assert db.sql("select source_key from story_nodes where gone_at is not null order by 1") == [("1",), ("3",)]
    assert db.sql("select source_key from story_options where gone_at is null") == [("4/1",)]
    assert options_of(db, "4") == [(1, None, "1")]


def test_what_vanishes_stays_as_history(db: ReportDatabase, games: Path) -> None:
    """A story that is deleted with its nodes and its job is no orphan, and its job still counts."""
    db.ingest(games)
    for table, column in (("stories", "id"), ("story_nodes", "story_id"), ("story_jobs", "story_id")):
        change(games, f"delete from {table} where {column} = 1")
    db.ingest(games)
    assert db.report("orphans") == []
    assert db.sql("select source_key from runs where gone_at is not null") == [("j-done",)]
    assert [row["executions"] for row in db.report("failure_rates")] == [2]


@pytest.mark.parametrize("kept", [{"stories"}, {"story_jobs"}, {"story_nodes"}, {"stories", "story_nodes"}])
def test_tables_may_be_missing(db: ReportDatabase, games: Path, kept: set[str]) -> None:
    """The service is known by any of its tables, and what is there is loaded."""
    change(games, *(f"drop table {table}" for table in {"stories", "story_jobs", "story_nodes"} - kept))
    assert db.ingest(games).counts.rejected == 0
    assert db.sql("select system from sources") == [("adventure",)]
    loaded = {"stories": "stories", "story_jobs": "runs", "story_nodes": "story_nodes"}
    assert {name for name, core in loaded.items() if db.one(f"select count(*) from {core}")} == kept
    assert db.one("select count(*) from steps") == ("story_jobs" in kept)


def test_columns_may_be_missing(db: ReportDatabase, tmp_path: Path) -> None:
    """An older service without jobs' ids, options and sessions is read as far as it goes."""
    path = tmp_path / "old.db"
    change(
        path,
        "create table story_jobs (id integer primary key, theme text, status text, created_at text)",
        "create table story_nodes (id integer primary key, story_id integer, is_root boolean)",
        "insert into story_jobs values (1, 'sea', 'completed', '2026-07-01 10:00:00')",
        "insert into story_nodes values (1, null, 1)",
    )
    assert db.ingest(path).counts.rejected == 0
    assert db.sql("select source_key, status, duration_ms, session_hash from runs") == [
        ("job 1", "completed", None, None)
    ]
    assert db.sql("select is_root, has_broken_options, story_key from story_nodes") == [(1, 0, None)]
    assert db.report("orphans") == []


# Data quality --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started", "ended", "zone", "said"),
    [
        ("2026-01-10 18:00:00", "2026-01-10 10:00:30", None,
            "End times are 8 h early: ingest with --timezone of UTC-08:00 (e.g. America/Los_Angeles)."),
        ("2026-01-10 18:00:00", "2026-01-10 13:20:00", None,
            "End times are 4.75 h early: ingest with --timezone of UTC-05:00 (e.g. America/New_York)."),
        ("2026-04-10 18:00:00", "2026-04-10 13:20:00", None,
            "End times are 4.75 h early: ingest with --timezone of UTC-05:00 (e.g. America/Chicago)."),
        ("2026-10-10 18:00:00", "2026-10-10 13:20:00", None,
            "End times are 4.75 h early: ingest with --timezone of UTC-05:00 (e.g. America/Chicago)."),
        ("2026-01-10 18:00:00", "2026-01-10 17:14:59", None,
            "End times are 1 h early: ingest with --timezone of UTC-01:00 (e.g. Atlantic/Cape_Verde)."),
        ("2026-01-10 18:00:00", "2026-01-10 17:15:00", None, "End times are less than 1 h early"),
        ("2026-07-10 18:00:00", "2026-07-10 15:30:00", None,
            "End times are 2.5 h early: ingest with --timezone of UTC-02:30 (e.g. America/St_Johns)."),
        ("2026-07-10 18:00:00", "2026-07-10 06:00:00", None,
            "End times are 12 h early: ingest with --timezone of UTC-12:00 (e.g. Etc/GMT+12)."),
        ("2026-07-10 18:00:00", "2026-07-10 05:59:59.999", None, "End times are more than 12 h early"),
        ("2026-07-10 18:00:00", "2026-07-10 17:59:59.900", None, "End times are less than 1 h early"),
        ("2026-07-10 18:00:00", "2026-07-10 11:00:30", "Europe/Madrid",
            "End times are 9 h early even as local times of Europe/Madrid: ingest with a --timezone that is as"),
    ],
)  # fmt: skip
def test_the_offset_that_explains_it(
    db: ReportDatabase, games: Path, started: str, ended: str, zone: str | None, said: str
) -> None:
    """The offset is the smallest one in use that puts each end behind its start; there may be none."""
    change(games, "delete from story_jobs", "delete from stories")
    row = ("j", SESSION, "sea", "completed", None, None, started, ended)
    plant(games, "insert into story_jobs values (1, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.ingest(games, timezone=zone)
    (found,) = db.report("data_quality")
    assert found["action"].startswith(said)
    assert db.sql("select duration_ms from runs") == [(None,)]


def test_a_freak_hides_no_offset(db: ReportDatabase, games: Path) -> None:
    """Ends that no zone explains are counted apart from those that one does."""
    plant(
        games,
        "insert into story_jobs values (?, ?, 'x', 'sea', 'failed', null, null, ?, ?)",
        (20, "j-freak", "2026-07-10 18:00:00", "2020-01-01 00:00:00"),
    )
    db.ingest(games)
    found = [(row["rows"], row["action"][:30]) for row in db.report("data_quality") if row["area"] == "times"]
    # Of the three jobs that have ended, story 1 proves the clock of one, and so that of the others.
    assert found == [(3, "stories.created_at shows how f"), (1, "End times are more than 12 h e")]


def test_what_is_rejected_and_doubted_is_reported(db: ReportDatabase, games: Path) -> None:
    """Rows that could not be loaded are counted by table and reason, with one of them as the example."""
    change(games, "update story_jobs set created_at = 'soon' where id in (3, 4)")
    db.ingest(games, timezone="America/Los_Angeles")
    found = {(row["area"], row["problem"]): (row["rows"], row["example"]) for row in db.report("data_quality")}
    assert found == {
        ("rows", "story_jobs: created_at is no possible time"): (2, "3"),
        ("statuses", "job with an unknown status"): (1, "paused"),
    }
    db.ingest(games, name="again")
    assert {row["source"] for row in db.report("data_quality")} == {"games", "again"}
    assert {row["source"] for row in db.report("data_quality", source="again")} == {"again"}


def test_a_postgresql_database(db: ReportDatabase, real: Path, server: str, tmp_path: Path) -> None:
    """The real rows on a server give the same reports as the real file."""
    url = new_database(server, "games")
    types = {"datetime": "timestamptz", "varchar": "text", "boolean": "integer", "json": "text"}
    for statement in TABLES.split(";"):
        for old, new in types.items():
            statement = statement.replace(f" {old}", f" {new}")
        execute(url, statement)
    for table in ("stories", "story_jobs", "story_nodes"):
        for row in ask(real, f"select * from {table}"):
            values = ("null" if value is None else "'" + str(value).replace("'", "''") + "'" for value in row)
            execute(url, f"insert into {table} values ({', '.join(values)})")
    db.ingest(url, name="adventure")
    other = ReportDatabase(tmp_path)
    other.path = tmp_path / "other.db"
    other.ingest(real)
    for name in ("failure_rates", "slowest_steps", "orphans", "stuck_runs"):
        assert db.report(name) == other.report(name)
    for query in ("select count(*), sum(is_ending) from story_nodes", "select count(*) from story_options"):
        assert db.sql(query) == other.sql(query)
    assert db.ingest(url, name="adventure").counts.written == 0
