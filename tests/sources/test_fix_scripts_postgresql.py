"""Fix scripts for PostgreSQL, run on a real server: the findings are gone, and a rollback puts all back."""

from pathlib import Path
from urllib.parse import urlsplit

from helpers import adventure, media
from helpers.command_line import ok
from helpers.postgres import execute, new_database, query
from helpers.report_database import ReportDatabase
from helpers.workflow_rows import GHOST, RUN_1, RUN_2, RUN_3, STORY_1, STORY_2

MAIN = f"""
    create table stories (story_id uuid primary key, title text, chapter_count integer, status text,
        created_at timestamptz default now(), updated_at timestamptz default now());
    insert into stories values
        ('{STORY_1}', 'The Fox', 0, 'done', '2026-03-01 08:00+00', '2026-03-01 08:00+00'),
        ('{STORY_2}', 'The Owl', 7, 'done', '2026-03-01 08:00+00', '2026-03-01 08:00+00')
"""
TABLES = ("stories", "story_generation_runs", "story_generation_steps", "token_usage_tracking")


def content(url: str, *tables: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows as text."""
    return {table: query(url, f"select t::text from {table} as t order by 1") for table in tables}


def scripts(folder: Path, kind: str, part: str, *arguments: str) -> tuple[str, str]:
    """The script of a kind and its rollback, as text."""
    ok("fix-script", kind, "--source", "tales", "--db", folder / "report.db", *arguments, cwd=folder)
    return (folder / f"tales-{part}-{kind}.sql").read_text(), (folder / f"tales-{part}-{kind}-rollback.sql").read_text()


def test_the_workflow_service(workflows: str, db: ReportDatabase, tmp_path: Path) -> None:
    """By hand: one run and its step without a story, one call; one run stuck; one story without chapters."""
    execute(workflows, *MAIN.split(";\n"))
    db.ingest(workflows, name="tales")
    before = content(workflows, *TABLES)
    orphans, orphans_back = scripts(tmp_path, "orphans", "workflows")
    stuck, stuck_back = scripts(tmp_path, "stuck", "workflows")
    chapters, chapters_back = scripts(tmp_path, "chapters", "main")
    execute(workflows, orphans)
    assert query(workflows, "select run_id::text from story_generation_runs order by 1") == [(RUN_1,), (RUN_3,)]
    steps = "select count(*), count(*) filter (where run_id = %s) from story_generation_steps"
    assert query(workflows, steps.replace("%s", f"'{RUN_2}'")) == [(4, 0)]
    assert query(workflows, f"select count(*) from token_usage_tracking where story_id = '{GHOST}'") == [(0,)]
    execute(workflows, stuck)
    assert query(workflows, "select status, ended_at is not null from story_generation_runs order by run_id") == [
        ("completed", True),
        ("failed", True),
    ]
    assert query(workflows, f"select status from story_generation_steps where run_id = '{RUN_3}'") == [("failed",)]
    execute(workflows, chapters)
    # Two chapters were written.
    assert query(workflows, "select chapter_count from stories order by story_id") == [(2,), (7,)]
    db.ingest(workflows, name="tales")
    assert [db.report(report) for report in ("orphans", "stuck_runs", "stories_without_chapters")] == [[], [], []]
    for script in (chapters_back, stuck_back, orphans_back):
        execute(workflows, script)
    assert content(workflows, *TABLES) == before


def test_a_run_that_goes_on_is_left_alone(workflows: str, db: ReportDatabase, tmp_path: Path) -> None:
    """Its steps, too."""
    execute(workflows, *MAIN.split(";\n"))
    db.ingest(workflows, name="tales")
    stuck, _ = scripts(tmp_path, "stuck", "workflows")
    execute(workflows, f"update story_generation_runs set updated_at = now() where run_id = '{RUN_3}'", stuck)
    assert query(workflows, f"select status from story_generation_runs where run_id = '{RUN_3}'") == [("running",)]
    assert query(workflows, f"select status from story_generation_steps where run_id = '{RUN_3}'") == [("running",)]


def test_the_media_service(server: str, db: ReportDatabase, tmp_path: Path) -> None:
    """By hand: one call of a deleted workflow; two of three workflows finished in March, one is silent since."""
    url = new_database(server, "media")
    new = media.NEW.replace("boolean", "integer")
    execute(url, *new.split(";\n"), *media.ROWS)
    # Numbers that nobody but the server may give.
    execute(url, "alter table api_usage alter id add generated always as identity")
    db.ingest(url, name="tales")
    tables = ("workflows", "generated_files", "scenes", "generation_progress", "api_usage")
    before = content(url, *tables)
    orphans, orphans_back = scripts(tmp_path, "orphans", "database")
    stuck, stuck_back = scripts(tmp_path, "stuck", "database")
    cleanup, cleanup_back = scripts(tmp_path, "cleanup", "database")
    execute(url, orphans)
    assert query(url, "select id from api_usage order by id") == [(1,), (2,), (3,), (4,)]
    execute(url, cleanup)
    assert query(url, "select id, status from workflows") == [("w2", "ACTIVE")]
    assert query(url, "select count(*) from generated_files") == [(0,)]
    execute(url, stuck)
    assert query(url, "select id, status from workflows") == [("w2", "failed")]
    db.ingest(url, name="tales")
    assert [db.report("orphans"), db.report("stuck_runs")] == [[], []]
    for script in (stuck_back, cleanup_back, orphans_back):
        execute(url, script)
    assert content(url, *tables) == before


def test_the_adventure_service(server: str, db: ReportDatabase, tmp_path: Path) -> None:
    """By hand: one running and one pending job of July, one that names a deleted story, and three odd words."""
    url = new_database(server, "games")
    tables = adventure.TABLES.replace("datetime", "timestamp").replace("boolean", "integer").replace(" json", " text")
    execute(url, *tables.split(";\n"), *adventure.ROWS, "update story_jobs set story_id = 99 where id = 2")
    # Where a backslash is no sign of its own, this name would end its literal.
    execute(url, "update story_jobs set job_id = E'\\\\''); drop table stories; --' where id = 2")
    execute(url, f"alter database {urlsplit(url).path[1:]} set standard_conforming_strings = off")
    db.ingest(url, name="tales")
    before = content(url, "story_jobs", "story_nodes")
    made = [scripts(tmp_path, kind, "database") for kind in ("orphans", "statuses", "stuck")]
    for fix, _ in made[:2]:
        execute(url, fix)
    assert query(url, "select status, story_id from story_jobs order by id") == [
        ("completed", 1),
        ("failed", None),
        ("processing", None),
        ("pending", None),
        ("meditating", None),
    ]
    for _, back in made[1::-1]:
        execute(url, back)
    execute(url, made[2][0])
    assert query(url, "select status from story_jobs where id in (3, 4) order by id") == [("failed",), ("failed",)]
    db.ingest(url, name="tales")
    assert db.report("stuck_runs") == []
    execute(url, made[2][1])
    assert content(url, "story_jobs", "story_nodes") == before
