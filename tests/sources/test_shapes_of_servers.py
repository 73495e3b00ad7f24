"""PostgreSQL as others set it up: names of any kind, rights on a part of it, views, types of its own."""

from urllib.parse import urlsplit

import pytest
from helpers.postgres import execute, new_database
from helpers.report_database import ReportDatabase, pairs

from storyreport.errors import StoryreportError

JOBS = "(id int, job_id text, theme text, status text, story_id int, error text, created_at timestamptz)"
FAILED = "values (1, 'j1', 'sea', 'failed', 1, 'boom', '2026-11-20 10:00+02')"


def test_names_of_any_kind(db: ReportDatabase, server: str) -> None:
    """A schema with a percent sign and a quote, mixed case: rows, added ones and changed ones are read."""
    url = new_database(server, "names")
    table = '"App ""100%"""."Story_Generation_Runs"'
    execute(
        url,
        'create schema "App ""100%"""',
        f'create table {table} ("Run_Id" text, "Story_Id" text, "Status" text, "Created_At" timestamptz,'
        ' "Started_At" timestamptz, "Updated_At" timestamptz)',
        f"insert into {table} values ('r1', 's', 'completed', now(), '2026-11-20 10:00+02', now())",
    )
    db.ingest(url, name="s")
    execute(
        url,
        f"""update {table} set "Status" = 'failed', "Updated_At" = now()""",
        f"insert into {table} values ('r2', 's', 'completed', now(), '2026-11-20 10:00-08', now())",
    )
    db.ingest(url, name="s")
    assert db.sql("select source_key, status, started_at from runs order by 1") == [
        ("r1", "failed", "2026-11-20T08:00:00.000Z"),
        ("r2", "completed", "2026-11-20T18:00:00.000Z"),
    ]


def test_rights_on_a_part(db: ReportDatabase, server: str) -> None:
    """What may not be read is named; rows of a table that could be read before are not taken for deleted."""
    url = new_database(server, "rights")
    reader = urlsplit(url)._replace(netloc="part_reader@").geturl()
    execute(
        url,
        f"create table story_jobs {JOBS}",
        "create table stories (id int, title text, session_id text, created_at timestamptz)",
        f"insert into story_jobs {FAILED}",
        "insert into stories values (1, 'The Fox', 's', '2026-11-20')",
        "drop role if exists part_reader",
        "create role part_reader login",
        "grant select on story_jobs, stories to part_reader",
    )
    assert db.ingest(reader, name="s").notes == []
    execute(
        url,
        "revoke select on story_jobs, stories from part_reader",
        "grant select (id, job_id, theme, status, story_id, created_at) on story_jobs to part_reader",
    )
    (note,) = db.ingest(reader, name="s").notes
    assert note.endswith("stories may not be read by this user and was not read; its rows stay as they were")
    assert db.one("select count(*) from stories where gone_at is null") == 1
    assert pairs(db.report("data_quality"), "area", "problem") == [("columns", "story_jobs: error may not be read")]


def test_views_are_named(db: ReportDatabase, server: str) -> None:
    """A view would run its author's SQL: the sentence says so, and what to do."""
    url = new_database(server, "views")
    execute(url, f"create table base {JOBS}", "create view story_jobs as select * from base")
    with pytest.raises(StoryreportError, match="base; story_jobs is a view or a foreign table; export views as CSV"):
        db.ingest(url)


def test_intervals_and_money(db: ReportDatabase, server: str) -> None:
    """They are the seconds and the amount that they say."""
    url = new_database(server, "types")
    execute(
        url,
        "create table api_usage (id int, workflow_id text, api_provider text, endpoint text, cost_usd money,"
        " response_time interval, created_at timestamptz)",
        "insert into api_usage values (1, 'w', 'acme', '/v1', 1234.25, '1 minute 1.5 seconds', '2026-11-20')",
    )
    db.ingest(url)
    assert db.sql("select cost, duration_ms from calls") == [(1234.25, 61_500)]
