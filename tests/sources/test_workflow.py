"""The story-generation service: two PostgreSQL databases or exports of them, and its log in two forms."""

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from helpers.postgres import execute, new_database, query
from helpers.report_database import ReportDatabase, change

from storyreport.errors import StoryreportError

STORY_1, STORY_2, GHOST = (f"{n}251c7d5-9c10-481c-afd1-e2ac78285f37" for n in (1, 2, 3))
RUN_1, RUN_2, RUN_3 = (f"{n}b0f0dfb-07dd-45bb-b7bf-e94f70cd6163" for n in (1, 2, 3))
MAIN = f"""
    create table stories (
        story_id uuid primary key, author_id uuid, title text, chapter_count integer, status text,
        created_at timestamptz default now(), updated_at timestamptz default now());
    insert into stories values
        ('{STORY_1}', null, 'The Mill', 12, 'published', '2026-03-01 09:00+00', '2026-03-01 12:00+00'),
        ('{STORY_2}', null, 'The Weir', null, 'draft', '2026-03-02 09:00+00', '2026-03-02 09:00+00')
"""
WORKFLOWS = f"""
    create table story_generation_runs (
        run_id uuid primary key, story_id uuid not null, gcp_workflow_execution text, status text, current_step text,
        failure_stage text, failure_code text, error_message text, started_at timestamptz, ended_at timestamptz,
        metadata jsonb, created_at timestamptz default now(), updated_at timestamptz default now());
    create table story_generation_steps (
        run_id uuid, step_name text, status text, detail_json jsonb, started_at timestamptz, ended_at timestamptz,
        created_at timestamptz default now(), updated_at timestamptz default now(), primary key (run_id, step_name));
    create table token_usage_tracking (
        token_usage_id uuid primary key, author_id uuid, story_id uuid, action text, ai_model text,
        input_tokens integer, output_tokens integer, estimated_cost_in_euros numeric(12, 6), input_prompt_json jsonb,
        created_at timestamptz default now());
    insert into story_generation_runs values
        ('{RUN_1}', '{STORY_1}', 'x', 'completed', null, null, null, null, '2026-03-01 10:00+01', '2026-03-01 12:00+02',
            '{{}}', '2026-03-01 08:59+00', '2026-03-01 10:00+00'),
        ('{RUN_2}', '{GHOST}', 'x', 'failed', 'write_chapter_2', 'writing', 'STORY_NOT_FOUND',
            'Story {GHOST} not found', '2026-03-02 10:00+00', '2026-03-02 10:01+00', '{{}}', '2026-03-02 10:00+00',
            '2026-03-02 10:01+00'),
        ('{RUN_3}', '{STORY_2}', 'x', 'running', 'write_chapter_1', null, null, null, '2026-03-03 10:00+00', null,
            '{{}}', '2026-03-03 10:00+00', '2026-03-03 10:30+00');
    insert into story_generation_steps values
        ('{RUN_1}', 'generate_outline', 'completed', '{{"secret detail": 1}}', '2026-03-01 09:00+00',
            '2026-03-01 09:10+00', '2026-03-01 09:00+00', '2026-03-01 09:10+00'),
        ('{RUN_1}', 'write_chapter_1', 'completed', null, '2026-03-01 09:10+00', '2026-03-01 09:30+00',
            '2026-03-01 09:10+00', '2026-03-01 09:30+00'),
        ('{RUN_1}', 'write_chapter_2', 'completed', null, '2026-03-01 09:30+00', '2026-03-01 10:00+00',
            '2026-03-01 09:30+00', '2026-03-01 10:00+00'),
        ('{RUN_2}', 'write_chapter_2', 'failed', null, '2026-03-02 10:00+00', '2026-03-02 10:01+00',
            '2026-03-02 10:00+00', '2026-03-02 10:01+00'),
        ('{RUN_3}', 'generate_image_chapter_12', 'running', null, '2026-03-03 10:00+00', null,
            '2026-03-03 10:00+00', '2026-03-03 10:30+00');
    insert into token_usage_tracking values
        ('a0000000-0000-0000-0000-000000000001', null, '{STORY_1}', 'chapter_writing', 'gpt-4o', 1000, 200, 0.25,
            '{{"p": "a secret prompt"}}', '2026-03-01 09:15+00'),
        ('a0000000-0000-0000-0000-000000000002', null, '{STORY_1}', 'image_generation', 'imagen', null, null, null,
            null, '2026-03-01 09:20+00'),
        ('a0000000-0000-0000-0000-000000000003', null, '{GHOST}', 'story_outline', 'gpt-4o', 50, 10, 0.01, null,
            '2026-03-02 10:00+00')
"""
PRIVATE = ("secret detail", "secret prompt")


@pytest.fixture
def main(server: str) -> str:
    """The URL of a main database."""
    url = new_database(server, "main")
    execute(url, *MAIN.split(";\n"))
    return url


@pytest.fixture
def workflows(server: str) -> str:
    """The URL of a workflows database."""
    url = new_database(server, "workflows")
    execute(url, *WORKFLOWS.split(";\n"))
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


LOG = [
    json.dumps({"level": "info", "message": "Story context loaded successfully",
                "timestamp": "2026-03-01T09:00:00.123Z", "service": "tales", "runId": RUN_1, "storyId": STORY_1}),
    json.dumps({"level": "warn", "message": "Could not determine chapter count for story, using default",
                "timestamp": "2026-03-01T09:00:01Z", "runId": RUN_1}),
    json.dumps({"level": "warn", "message": "Could not determine chapter count for story, using default",
                "timestamp": "2026-03-01T09:00:01Z", "runId": RUN_1}),
    "not a line of a log",
    f'debug: Chapter count determined from outline {{"runId":"{RUN_1}"}}',
    f'error: Workflow error occurred {{"runId":"{RUN_2}","error":{{"message":"Story not found"}}}}',
    f'2026-03-01T09:00:02.000Z info: Progress update already in progress, skipping {{"runId":"{RUN_1}"}}',
]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_both_forms_of_the_log(db: ReportDatabase, workflows: str, tmp_path: Path, packed: bool) -> None:
    """Each line of the log is an event of its run, and what it says is counted; a broken one is rejected."""
    path = tmp_path / ("service.log.gz" if packed else "service.log")
    text = "\n".join(LOG).encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    db.ingest(workflows, name="tales")
    outcome = db.ingest(path, name="tales")
    assert outcome.counts.rejected == 1
    assert db.sql("select metric, count(*) from log_events group by 1 order by 1") == [
        ("chapter_count_defaulted", 2),
        ("chapter_count_from_outline", 1),
        ("context_loaded", 1),
        ("progress_conflict", 1),
        ("workflow_error", 1),
    ]
    assert db.sql("select count(*) from log_events where run_id is null") == [(0,)]
    assert db.sql("select message from log_events where level = 'error'") == [
        ("Workflow error occurred: Story not found",)
    ]
    rotated = tmp_path / "service.1.log"
    rotated.write_text("\n".join([LOG[0], LOG[4].replace("outline", "database")]), encoding="utf-8")
    assert db.ingest(rotated, name="tales").counts.inserted == 1
    assert db.one("select count(*) from log_events where gone_at is null") == 7


@pytest.mark.parametrize(
    "tail",
    [
        ' {"runId":"r","prompt":"PRIVATE words',
        ' {"runId":"r","error":{"code":1},"prompt":"PRIVATE {words} and',
        '{"runId":"r","prompt":"PRIVATE words"}',
        " { runId: 'r', prompt: 'PRIVATE words} and",
        ' {"runId":"r","prompt":"PRIVATE words}',
    ],
)
def test_a_line_cut_off_within_its_fields(db: ReportDatabase, tmp_path: Path, tail: str) -> None:
    """The message is kept, and nothing of the fields, where a prompt may be."""
    path = tmp_path / "service.log"
    path.write_text(f"{LOG[4]}\nerror: Workflow error occurred in chapter 1{tail}\n", encoding="utf-8")
    db.ingest(path)
    assert db.sql("select message from log_events where level = 'error'") == [("Workflow error occurred in chapter 1",)]
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("report.db*"))
    assert (b"PRIVATE" in path.read_bytes(), b"PRIVATE" in stored) == (True, False)


def test_a_log_alone(db: ReportDatabase, tmp_path: Path) -> None:
    """A log without the databases is kept; a text that is no log is refused."""
    path = tmp_path / "service.log"
    path.write_text("\n".join(LOG), encoding="utf-8")
    db.ingest(path)
    assert db.one("select count(*) from log_events") == 6
    other = tmp_path / "letter.log"
    other.write_text("Dear Sir,\nI write to you\n", encoding="utf-8")
    with pytest.raises(StoryreportError, match="matches no known format"):
        db.ingest(other)


def test_standard_input(tmp_path: Path) -> None:
    """What comes on standard input is read like a file, if it is said what it is."""
    command = [sys.executable, "-m", "storyreport", "ingest", "-", "--db", "report.db"]
    text = "\n".join(LOG).encode()
    done = subprocess.run([*command, "--as", "workflow"], input=text, cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.startswith(b"stdin: 7 rows read, 6 rows written")
    again = subprocess.run([*command, "--as", "workflow"], input=text, cwd=tmp_path, capture_output=True, check=True)
    assert (b" 0 rows written" in again.stdout, again.stderr) == (True, b"")
    assert ReportDatabase(tmp_path).sql("select location from inputs") == [("standard input",)]
    failed = subprocess.run(command, input=text, cwd=tmp_path, capture_output=True, check=False)
    assert (failed.returncode, failed.stderr.count(b"\n")) == (2, 1)


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
