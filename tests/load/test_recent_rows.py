"""Of the newest rows just those are mapped again whose blocks differ from the last time, and nothing is missed."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, ask, change

from storyreport.load import recent
from storyreport.upkeep.doctor import examine

STEPS = ("01_ingest", "02_preprocess", "03_generate")
STORIES = 300
LAST = "s299"


@pytest.fixture
def tracker(tmp_path: Path) -> Path:
    """A tracker whose stories were run again and again, in any order: each block of rows has many of them."""
    path = tmp_path / "studio.db"
    lots = random.Random(7)
    stories = [f"s{number}" for number in range(STORIES)]
    executions = [(story, step) for story in stories for step in STEPS for _ in range(2)]
    lots.shuffle(executions)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript("""
            create table stories (story_id text unique not null, title text, created_at text, updated_at text);
            create table step_status (
                id integer primary key, story_id text, step_name text, status text, run_id text, error_message text,
                acceptance_passed integer, acceptance_details text, started_at text, completed_at text,
                created_at text, unique (story_id, step_name)
            );
            create table step_history (
                id integer primary key, story_id text, step_name text, run_id text, status text, error_message text,
                execution_time_ms integer, timestamp text
            );
        """)
        at = "2026-03-10 08:00:00"
        # One was changed last, and is read again for that.
        connection.executemany(
            "insert into stories values (?, 't', ?, ?)",
            [(story, at, f"2026-03-10 08:00:0{int(story == LAST)}") for story in stories],
        )
        connection.executemany(
            "insert into step_history values (null, ?, ?, 'r', 'completed', null, 1000, ?)",
            [(story, step, at) for story, step in executions],
        )
    return path


LOADED = "select count(*), sum(duration_ms) from step_runs where gone_at is null"


def durations(db: ReportDatabase) -> dict[str, int]:
    """story → the sum of its durations, of the step runs that are there."""
    rows = db.sql("""
        select stories.source_key, sum(step_runs.duration_ms)
        from step_runs join stories on stories.id = step_runs.story_id
        where step_runs.gone_at is null group by 1
    """)
    return dict(rows)


def counted(path: Path) -> dict[str, int]:
    """The same, as the tracker has it."""
    return dict(ask(path, "select story_id, sum(execution_time_ms) from step_history group by 1"))


def test_one_new_run_reads_its_own_step(db: ReportDatabase, tracker: Path) -> None:
    """Though every story has rows among the last ones, and the last block holds those of many."""
    db.ingest(tracker)
    change(
        tracker,
        "insert into step_history values (null, 's5', '01_ingest', 'r2', 'completed', null, 7, '2026-03-11 08:00:00')",
    )
    counts = db.ingest(tracker).counts
    # Three attempts of the step and two stories: its own, and the one that was changed last.
    assert counts.read == 3 + 2
    assert (counts.inserted, counts.updated) == (2, 0)
    assert durations(db) == counted(tracker)


def test_a_row_that_is_changed_in_place(db: ReportDatabase, tracker: Path) -> None:
    """It is found by its block; the steps of the other blocks are left alone."""
    db.ingest(tracker)
    change(tracker, "update step_history set execution_time_ms = 77 where id = 1001")
    counts = db.ingest(tracker).counts
    first = 1001 // recent.ROWS_A_BLOCK * recent.ROWS_A_BLOCK
    block = f"from step_history where id between {first} and {first + recent.ROWS_A_BLOCK - 1}"
    steps = f"select count(*) from step_history where (story_id, step_name) in (select story_id, step_name {block})"
    stories = f"select count(*) from stories where story_id = '{LAST}' or story_id in (select story_id {block})"
    assert counts.read == ask(tracker, steps)[0][0] + ask(tracker, stories)[0][0]
    assert counts.updated == 1
    assert durations(db) == counted(tracker)


def test_rows_that_are_deleted(db: ReportDatabase, tracker: Path) -> None:
    """A block remembers whose rows it had: the tracker is not read whole."""
    db.ingest(tracker)
    change(tracker, "delete from step_history where story_id = 's9' and step_name = '02_preprocess'")
    counts = db.ingest(tracker).counts
    assert counts.gone == 2
    assert counts.read < ask(tracker, "select count(*) from step_history")[0][0]
    assert durations(db) == counted(tracker)


def test_a_row_that_moves_to_another_story(db: ReportDatabase, tracker: Path) -> None:
    """Both the story that had it and the one that has it are read again."""
    db.ingest(tracker)
    change(tracker, "update step_history set story_id = 's1' where id = (select min(id) from step_history)")
    db.ingest(tracker)
    assert durations(db) == counted(tracker)


def test_names_that_are_addresses(db: ReportDatabase, tracker: Path) -> None:
    """Steps and stories are found whose names are kept as hashes: by a new row, by a block, and as open work."""
    who = "ann@example.com"
    rows = [
        f"(null, '{story}', '{step}', 'r', 'completed', null, 1000, '2026-03-10 08:00:00')"
        for story, step in (("s1", who), (who, who), (who, "plan"))
    ]
    change(
        tracker,
        f"insert into stories values ('{who}', 't', '2026-03-10', '2026-03-10')",
        f"insert into step_history values {', '.join(rows)}",
        f"insert into step_status (story_id, step_name, status) values ('{who}', '{who}', 'running')",
    )
    db.ingest(tracker)
    for changed in (
        f"update step_history set execution_time_ms = 5 where step_name = '{who}'",
        f"insert into step_history select null, story_id, step_name, 'r2', status, null, 9, timestamp from step_history"
        f" where '{who}' in (story_id, step_name)",
        f"update step_status set status = 'failed' where step_name = '{who}'",
        f"delete from step_history where story_id = '{who}' and execution_time_ms = 5",
    ):
        change(tracker, changed)
        assert db.ingest(tracker).counts.read < 200
        counted = "select count(*), sum(execution_time_ms) from step_history"
        assert db.sql(f"{LOADED} and step_runs.run_id is not null") == ask(tracker, counted)
        before = db.sql(LOADED)
        assert db.ingest(tracker, full=True).counts.written == 0
        assert db.sql(LOADED) == before


def test_any_changes_one_after_the_other(db: ReportDatabase, tracker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks stay true as the window moves over them, however often."""
    monkeypatch.setattr(recent, "ROWS_READ_AGAIN", 500)
    db.ingest(tracker)
    lots = random.Random(11)
    for number in range(12):
        last = ask(tracker, "select max(id) from step_history")[0][0]
        row = last - lots.randrange(400)
        story, step = f"s{lots.randrange(STORIES)}", lots.choice(STEPS)
        change(
            tracker,
            f"update step_history set execution_time_ms = {number} where id = {row}",
            f"delete from step_history where id = {row - 3}",
            *[
                "insert into step_history values (null, '{}', '{}', 'r', 'completed', null, {}, '{}')".format(
                    story, step, lots.randrange(99), "2026-03-12 08:00:00"
                )
            ]
            * lots.randrange(90),
        )
        db.ingest(tracker)
        assert durations(db) == counted(tracker)
    assert not examine(db.path)
