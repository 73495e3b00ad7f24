"""The story-generation service: two PostgreSQL databases or exports of them."""

import csv
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from helpers.postgres import execute, new_database, query
from helpers.report_database import ReportDatabase, change
from helpers.workflow_rows import GHOST, RUN_1, RUN_2, RUN_3, STORY_1, STORY_2, WORKFLOWS

from storyreport.errors import StoryreportError

MAIN = f"""
    create table stories (
        story_id uuid primary key, author_id uuid, title text, chapter_count integer, status text,
        created_at timestamptz default now(), updated_at timestamptz default now());
    insert into stories values
        ('{STORY_1}', null, 'The Mill', 12, 'published', '2026-03-01 09:00+00', '2026-03-01 12:00+00'),
        ('{STORY_2}', null, 'The Weir', null, 'draft', '2026-03-02 09:00+00', '2026-03-02 09:00+00')
"""
PRIVATE = ("secret detail", "secret prompt")


@pytest.fixture
def main(server: str) -> str:
    """The URL of a main database."""
    url = new_database(server, "main")
    execute(url, *MAIN.split(";\n"))
    return url


def check_answers(db: ReportDatabase) -> None:
    """What every way of handing over these rows must give, counted by hand."""
    assert {(row["step"], row["executions"], row["total_ms"]) for row in db.report("slowest_steps")} == {
        ("generate_outline", 1, 600_000),
        ("write_chapter", 3, 3_000_000),
    }
    assert {row["step"]: row["failed"] for row in db.report("failure_rates")} == {
        "generate_outline": 0,
        "write_chapter": 1,
    }
    assert db.sql("select name from steps where family = 'write_chapter' order by 1") == [
        ("write_chapter_1",),
        ("write_chapter_2",),
    ]
    columns = ("day", "model", "calls", "input_tokens", "output_tokens", "cost", "currency", "unpriced_calls")
    assert {tuple(row[column] for column in columns) for row in db.report("cost")} == {
        ("2026-03-01", "gpt-4o", 1, 1000, 200, 0.25, "EUR", 0),
        ("2026-03-01", "imagen", 1, None, None, None, "EUR", 1),
        ("2026-03-02", "gpt-4o", 1, 50, 10, 0.01, "EUR", 0),
    }
    assert sorted((row["kind"], row["missing"], row["missing_key"]) for row in db.report("orphans")) == [
        ("call", "story", GHOST),
        ("run", "story", GHOST),
    ]
    stuck = {
        (row["kind"], row["run"], row["stuck_minutes"]) for row in db.report("stuck_runs", as_of="2026-03-03T12:00:00Z")
    }
    assert stuck == {("workflow_run", RUN_3, 90), ("step", RUN_3, 90)}
    assert db.sql("select duration_ms, started_at from runs where source_key = ?", RUN_1) == [
        (3_600_000, "2026-03-01T09:00:00.000Z")
    ]
    assert db.sql("select title, chapter_count from stories order by source_key") == [
        ("The Mill", 12),
        ("The Weir", None),
    ]
    stored = db.path.read_bytes()
    assert [text for text in PRIVATE if text.encode() in stored] == []


@pytest.mark.parametrize("times", [("09:00", "10:00", "11:30"), ("11:30", "10:00", "09:00"), ("09:00", "11:30", None)])
def test_the_last_sign_of_life(db: ReportDatabase, tmp_path: Path, times: tuple[str | None, ...]) -> None:
    """Of a run and of a step, whichever of their times is the latest, that of the update too; alone they decide."""
    created, started, updated = (f"'2026-03-03 {time}'" if time else "null" for time in times)
    path = tmp_path / "tales.db"
    change(
        path,
        "create table story_generation_runs"
        " (run_id text, story_id text, status text, started_at text, created_at text, updated_at text)",
        "create table story_generation_steps"
        " (run_id text, step_name text, status text, started_at text, created_at text, updated_at text)",
        f"insert into story_generation_runs values ('r1', 'A', 'running', {started}, {created}, {updated})",
        f"insert into story_generation_steps values ('r2', 'outline', 'running', {started}, {created}, {updated})",
    )
    db.ingest(path)
    for table in ("runs", "step_runs"):
        assert db.sql(f"select last_activity_at from {table}") == [("2026-03-03T11:30:00.000Z",)], table


def test_two_databases_at_once(db: ReportDatabase, main: str, workflows: str) -> None:
    """Given together, the two databases are one source."""
    db.ingest(workflows, main)
    assert db.sql("select system from sources") == [("workflow",)]
    check_answers(db)


def test_two_databases_one_by_one(db: ReportDatabase, main: str, workflows: str) -> None:
    """Given apart under one name, in either order, they are one source too."""
    db.ingest(workflows, name="tales")
    assert db.report("orphans") == [], "where the stories are not known none is missed"
    db.ingest(main, name="tales")
    check_answers(db)


def test_one_database_with_both(db: ReportDatabase, server: str) -> None:
    """All tables in one database are one source."""
    url = new_database(server, "both")
    execute(url, *MAIN.split(";\n"), *WORKFLOWS.split(";\n"))
    db.ingest(url)
    check_answers(db)


def export(url: str, folder: Path, tables: tuple[str, ...], form: str) -> list[Path]:
    """The tables as text files, as the database's own tools write them."""
    paths = []
    for table in tables:
        path = folder / f"{table}.{form}"
        rows = [row[0] for row in query(url, f"select row_to_json(t) from {table} t")]
        if form == "csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                names = [
                    name
                    for (name,) in query(
                        url, f"select attname from pg_attribute where attrelid = '{table}'::regclass and attnum > 0"
                    )
                ]
                writer.writerow(names)
                writer.writerows(
                    query(url, f"select {', '.join(f'{name}::text' for name in map(str, names))} from {table}")
                )
        else:
            path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        paths.append(path)
    return paths


RUN_TABLES = ("story_generation_runs", "story_generation_steps", "token_usage_tracking")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_exports_in_a_folder(db: ReportDatabase, main: str, workflows: str, tmp_path: Path, form: str) -> None:
    """Exports of the tables, as CSV or JSON lines, give the same answers as the databases."""
    folder = tmp_path / "exports"
    folder.mkdir()
    export(main, folder, ("stories",), form)
    export(workflows, folder, RUN_TABLES, form)
    db.ingest(folder)
    check_answers(db)
    assert db.ingest(folder).unchanged


def test_an_export_as_sqlite(db: ReportDatabase, main: str, workflows: str, tmp_path: Path) -> None:
    """The same tables in a SQLite file are read like the databases."""
    path = tmp_path / "export.db"
    for url, tables in ((main, ("stories",)), (workflows, RUN_TABLES)):
        for table in tables:
            for (text,) in query(url, f"select row_to_json(t)::text from {table} t"):
                row = json.loads(str(text))
                change(path, f"create table if not exists {table} ({', '.join(row)})")
                values = (json.dumps(value) if isinstance(value, dict) else value for value in row.values())
                shown = ("null" if value is None else repr(value) for value in values)
                change(path, f"insert into {table} values ({', '.join(shown)})")
    db.ingest(path)
    check_answers(db)


def test_only_what_changed_is_read(db: ReportDatabase, main: str, workflows: str) -> None:
    """A second ingest reads new and changed rows; a deleted story makes orphans."""
    execute(
        workflows,
        "insert into token_usage_tracking (token_usage_id, ai_model, created_at)"
        " select gen_random_uuid(), 'old', '2026-01-01'::timestamptz + n * interval '1 second'"
        " from generate_series(1, 5000) n",
    )
    db.ingest(main, workflows)
    again = db.ingest(main, workflows)
    assert (again.counts.written, again.counts.rejected) == (0, 0)
    assert again.counts.read < 50
    execute(
        workflows,
        f"update story_generation_runs set status = 'completed', ended_at = '2026-03-03 11:00+00', updated_at = now()"
        f" where run_id = '{RUN_3}'",
        f"insert into story_generation_steps values ('{RUN_3}', 'write_chapter_3', 'completed', null,"
        " '2026-03-03 10:50+00', '2026-03-03 11:00+00', now(), now())",
    )
    execute(main, f"delete from stories where story_id = '{STORY_1}'")
    changed = db.ingest(main, workflows)
    assert changed.counts.read < 60
    assert (changed.counts.inserted, changed.counts.gone) == (1, 1)
    assert db.sql("select status, duration_ms from runs where source_key = ?", RUN_3) == [("completed", 3_600_000)]
    assert STORY_1 in {row["missing_key"] for row in db.report("orphans")}
    execute(workflows, f"delete from story_generation_runs where run_id = '{RUN_2}'")
    db.ingest(main, workflows)
    assert db.sql("select source_key from runs where gone_at is not null") == [(RUN_2,)]


def test_a_reader_s_rights_suffice(db: ReportDatabase, workflows: str) -> None:
    """A user who may only SELECT can be used, and nothing on the server differs afterwards."""
    execute(
        workflows,
        "do $$ begin create role reader login password 'hunter2'; exception when duplicate_object then null; end $$",
        "grant select on all tables in schema public to reader",
        "create table hidden (story_id uuid, chapter_count integer)",
    )
    before = query(workflows, "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables")
    parsed = urlsplit(workflows)
    db.ingest(parsed._replace(netloc="reader:hunter2@").geturl())
    assert db.one("select count(*) from runs") == 3
    assert query(workflows, "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables") == before
    assert b"hunter2" not in db.path.read_bytes()
    assert b"reader" not in db.path.read_bytes()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@127.0.0.1:1/stories",
        "postgresql://ann:hunter2@no.such.host.invalid/stories",
        "postgresql://127.0.0.1:1/stories?user=ann&password=hunter2",
        "postgresql://127.0.0.1:1/stories?password=hunter2@hunter2",
        "postgresql://ann:hunter2@127.0.0.1:1,127.0.0.1:2/stories",
        "postgresql://ann:hunter2@127.0.0.1:eighty/stories",
    ],
)
def test_a_server_that_does_not_answer(db: ReportDatabase, url: str) -> None:
    """A wrong address is said in a sentence without the password."""
    with pytest.raises(StoryreportError) as failure:
        db.ingest(url)
    assert "hunter2" not in str(failure.value)
    assert "cannot be read" in str(failure.value)
    assert not db.path.exists()


def test_a_database_of_something_else(db: ReportDatabase, server: str) -> None:
    """A database without the needed tables says which it has."""
    url = new_database(server, "other")
    execute(url, "create table shopping (item text)", "create view stories as select 1 as story_id, 2 as chapter_count")
    with pytest.raises(StoryreportError, match="its tables are shopping"):
        db.ingest(url)


@pytest.mark.parametrize(("options", "known"), [("", "old"), ("&options=-csearch_path%3Dprod", "new")])
def test_tables_in_two_schemas(db: ReportDatabase, server: str, options: str, known: str) -> None:
    """Of two schemas with the same tables, the one on the search path is read."""
    url = new_database(server, f"schemas_{known}")
    for schema, story in (("archive", "old"), ("prod", "new")):
        execute(
            url,
            f"create schema {schema}",
            f"create table {schema}.stories (story_id text, title text, chapter_count integer)",
            f"insert into {schema}.stories values ('{story}', 'T', 3)",
        )
    db.ingest(url + options)
    assert db.sql("select source_key from stories") == [(known,)]


def test_strange_values(db: ReportDatabase, workflows: str) -> None:
    """Infinity, times before and after our years, NaN and negative tokens are rejected or dropped, and said."""
    execute(
        workflows,
        f"update story_generation_runs set started_at = 'infinity' where run_id = '{RUN_1}'",
        f"update story_generation_runs set ended_at = '0044-03-15 BC' where run_id = '{RUN_2}'",
        "update token_usage_tracking set estimated_cost_in_euros = 'NaN' where ai_model = 'imagen'",
        "update token_usage_tracking set input_tokens = -5 where input_tokens = 50",
    )
    assert db.ingest(workflows).counts.rejected == 3
    assert sorted(db.sql("select severity, reason from rejects")) == [
        ("rejected", "ended_at is no possible time"),
        ("rejected", "estimated_cost_in_euros is not a number"),
        ("rejected", "started_at is no possible time"),
        ("warning", "negative input_tokens"),
    ]


def test_a_wrong_password(db: ReportDatabase, workflows: str) -> None:
    """A server that refuses the password is said in a sentence that does not repeat it."""
    execute(
        workflows,
        "drop role if exists locked_out",
        "create role locked_out login password 'the right one'",
    )
    ((hba,),) = query(workflows, "show hba_file")
    path = Path(str(hba))
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(f"local all locked_out scram-sha-256\n{before}", encoding="utf-8")
        execute(workflows, "select pg_reload_conf()", "select pg_sleep(0.5)")
        with pytest.raises(StoryreportError, match="password authentication failed") as failure:
            db.ingest(urlsplit(workflows)._replace(netloc="locked_out:hunter2@").geturl())
        assert "hunter2" not in str(failure.value)
        assert not db.path.exists()
    finally:
        path.write_text(before, encoding="utf-8")
        execute(workflows, "select pg_reload_conf()", "drop role locked_out")
