"""Offsets that explain early ends, above all of choose-your-own-adventure jobs; rejected rows, PostgreSQL."""

from pathlib import Path

import pytest
from helpers.adventure import SESSION, TABLES
from helpers.adventure_rows import plant
from helpers.postgres import execute, new_database
from helpers.report_database import ReportDatabase, ask, change


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


FIVE_EARLY = [
    ("steps", "run,step,status,started_at,ended_at\nr,s,completed,2026-01-10T18:00:00Z,2026-01-10 13:00:30\n",
     "End times are 5 h early: write them with their offset, or, where start times have one and they have none,"
     " ingest with --timezone of UTC-05:00 (e.g. America/New_York)."),
    ("media", '{"id": "w", "current_phase": "done", "original_prompt": "p", "status": "completed",'
     ' "created_at": "2026-01-10 18:00:00", "completed_at": "2026-01-10 13:00:30"}',
     "End times are 5 h early, which no --timezone changes: media has them in UTC or with an offset."
     " Fix them in the source."),
]  # fmt: skip


@pytest.mark.parametrize(("system", "text", "said"), FIVE_EARLY)
def test_a_zone_is_advised_where_it_changes_something(
    db: ReportDatabase, tmp_path: Path, system: str, text: str, said: str
) -> None:
    """In the plain form it applies to both times, unless one has an offset; to media's it does not apply."""
    (path := tmp_path / f"{system}.{'csv' if text.startswith('run') else 'jsonl'}").write_text(text, "utf-8")
    db.ingest(path)
    assert [row["action"] for row in db.report("data_quality")] == [said]
    # As advised, and in vain: 13:00:30 in New York is 18:00:30.
    db.ingest(path, timezone="America/New_York")
    assert len(db.report("data_quality")) == (system == "media")


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
        ("statuses", "job with an unknown status"): (1, "meditating"),
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
