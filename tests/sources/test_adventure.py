"""The choose-your-own-adventure service: its jobs in two time zones, and what is private in it."""

from pathlib import Path

import pytest
from helpers.adventure import OTHER_SESSION, PRIVATE, SESSION
from helpers.adventure_rows import bytes_of, plant
from helpers.report_database import ReportDatabase, ask, change

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
        ("j-odd", None, "meditating", None),
    ]
    (found,) = [row for row in db.report("data_quality") if row["area"] == "statuses"]
    assert (found["problem"], found["rows"], found["example"]) == ("job with an unknown status", 1, "meditating")


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
