"""The story-to-video service: both versions of its database, its costs, its own clean-up, and what is private in it."""

import json
import re
from pathlib import Path

import pytest
from book import Book, ask, change
from postgres import execute, new_database

from storyreport.sources import media

NEW = """
    create table users (id text primary key, username text, email text, created_at timestamp, updated_at timestamp);
    create table workflows (
        id text primary key, user_id text, original_prompt text, enhanced_story text, story_title text,
        max_scenes integer, current_phase text, status text, created_at timestamp default current_timestamp,
        updated_at timestamp default current_timestamp, completed_at timestamp, total_processing_time real);
    create table generated_files (
        id text primary key, workflow_id text references workflows (id), file_type text, file_path text, file_name text,
        file_size integer, mime_type text, metadata json, created_at timestamp default current_timestamp);
    create table scenes (
        id text primary key, workflow_id text, scene_number integer, description text, prompt text, duration real,
        image_file_id text, created_at timestamp default current_timestamp);
    create table generation_progress (
        id integer primary key, workflow_id text, progress_percentage real, current_step text, status text,
        estimated_time_remaining integer, created_at timestamp default current_timestamp);
    create table api_usage (
        id integer primary key, workflow_id text, api_provider text, endpoint text, tokens_used integer, cost_usd real,
        response_time real, success boolean, error_message text, created_at timestamp default current_timestamp)
"""
OLD = """
    create table workflows (id text primary key, original_prompt text, status text, created_at timestamp);
    create table generated_files (workflow_id text, file_type text, file_path text, id integer primary key)
"""
PRIVATE = ("secret prompt", "secret story", "secret scene", "ann@example.com", "ann_the_user")
ROWS = (
    "insert into users values ('u1', 'ann_the_user', 'ann@example.com', null, null)",
    """insert into workflows values
        ('w1', 'u1', 'a secret prompt', 'a secret story', 'The Fox', 5, 'video_assembly', 'completed',
            '2026-03-01 10:00:00', '2026-03-01 10:10:00', '2026-03-01 10:10:00', 600.25),
        ('w2', 'u1', 'a secret prompt', null, 'The Owl', 5, 'image_generation', 'ACTIVE',
            '2026-03-02 10:00:00', '2026-03-02 10:05:00', null, null),
        ('w3', 'u1', null, null, 'The Hen', 5, 'audio_generation', 'failed',
            '2026-03-02 11:00:00', '2026-03-02 11:05:00', null, null)""",
    """insert into generated_files values
        ('f1', 'w1', 'image', '/files/images/1.png', '1.png', 1000, 'image/png', '{}', '2026-03-01 10:05:00'),
        ('f2', 'w1', 'video', '/files/video/all.mp4', 'all.mp4', 50000, 'video/mp4', '{}', '2026-03-01 10:10:00')""",
    "insert into scenes values ('s1', 'w1', 1, 'a secret scene', 'secret prompt', 3.5, 'f1', '2026-03-01 10:02:00')",
    """insert into generation_progress values
        (1, 'w1', 0, 'image_generation', 'in_progress', 60, '2026-03-01 10:01:00'),
        (2, 'w1', 50, 'image_generation', 'in_progress', 30, '2026-03-01 10:03:00'),
        (3, 'w1', 100, 'image_generation', 'completed', 0, '2026-03-01 10:05:00'),
        (4, 'w1', 100, 'video_assembly', 'completed', 0, '2026-03-01 10:10:00'),
        (5, 'w2', 10, 'image_generation', 'in_progress', 60, '2026-03-02 10:05:00'),
        (6, 'w3', 0, 'audio_generation', 'in_progress', 60, '2026-03-02 11:01:00'),
        (7, 'w3', 10, 'audio_generation', 'failed', 60, '2026-03-02 11:05:00')""",
    """insert into api_usage values
        (1, 'w1', 'openai', 'chat', 1500, 0.03, 2.5, 1, null, '2026-03-01 10:00:30'),
        (2, 'w1', 'stability', 'image', null, 0.04, 8, 1, null, '2026-03-01 10:03:00'),
        (3, 'w2', 'openai', 'chat', null, null, 1, 0, 'Rate limit for ann@example.com', '2026-03-02 10:04:00'),
        (4, null, 'openai', 'chat', 100, 0.002, 1, 1, null, '2026-03-02 10:06:00'),
        (5, 'w-deleted', 'suno', 'music', null, 0.5, 30, 1, null, '2026-02-01 10:00:00')""",
)


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A database of the newer version, with planted rows."""
    path = tmp_path / "movies.db"
    change(path, *NEW.split(";"), *ROWS)
    return path


def test_workflows_are_stories_and_runs(book: Book, service: Path) -> None:
    """A workflow makes one story; its times are UTC and its length is in milliseconds."""
    book.ingest(service)
    assert book.sql("select source_key, title, status, source_status, ended_at from stories order by 1") == [
        ("w1", "The Fox", "completed", "completed", "2026-03-01T10:10:00.000Z"),
        ("w2", "The Owl", "running", "ACTIVE", None),
        ("w3", "The Hen", "failed", "failed", None),
    ]
    assert book.sql("""
        select runs.kind, stories.source_key, current_step, started_at, runs.ended_at, duration_ms
        from runs join stories on stories.id = story_id order by 2
    """) == [
        ("media_workflow", "w1", "video_assembly", "2026-03-01T10:00:00.000Z", "2026-03-01T10:10:00.000Z", 600_250),
        ("media_workflow", "w2", "image_generation", "2026-03-02T10:00:00.000Z", None, None),
        ("media_workflow", "w3", "audio_generation", "2026-03-02T11:00:00.000Z", None, None),
    ]


def test_steps_are_made_of_progress(book: Book, service: Path) -> None:
    """A step lasts from its first progress row to the one that ends it; a single row tells no length."""
    book.ingest(service)
    rows = {(row["step"], row["executions"], row["max_ms"]) for row in book.report("slowest_steps")}
    assert rows == {("image_generation", 1, 240_000), ("video_assembly", 1, None), ("audio_generation", 1, None)}
    assert {row["step"]: row["failed"] for row in book.report("failure_rates")}["audio_generation"] == 1


def test_cost(book: Book, service: Path) -> None:
    """Costs are added up by day and provider; a call without one is unpriced, not free."""
    book.ingest(service)
    columns = ("day", "provider", "calls", "total_tokens", "cost", "currency", "estimated_cost", "unpriced_calls")
    assert {tuple(row[column] for column in columns) for row in book.report("cost")} == {
        ("2026-03-02", "openai", 2, 100, 0.002, "USD", None, 1),
        ("2026-03-01", "stability", 1, None, 0.04, "USD", None, 0),
        ("2026-03-01", "openai", 1, 1500, 0.03, "USD", None, 0),
        ("2026-02-01", "suno", 1, None, 0.5, "USD", None, 0),
    }
    (total,) = ask(service, "select round(sum(cost_usd), 6) from api_usage")[0]
    assert round(sum(row["cost"] or 0 for row in book.report("cost")), 6) == total
    assert {row["provider"] for row in book.report("cost", since="2026-03-01", until="2026-03-01")} == {
        "openai",
        "stability",
    }
    assert [row["calls"] for row in book.report("cost", provider="suno")] == [1]


def test_a_call_with_only_unpriced_rows_has_no_cost(book: Book, service: Path) -> None:
    """Where nothing is known of a cost there is none, not 0."""
    change(service, "update api_usage set cost_usd = null")
    book.ingest(service)
    assert {row["cost"] for row in book.report("cost")} == {None}
    assert sum(row["unpriced_calls"] for row in book.report("cost")) == 5


def test_the_clean_up_leaves_orphans(book: Book, service: Path) -> None:
    """What the service's own clean-up leaves behind points at nothing; what had no workflow to begin with does not."""
    book.ingest(service)
    assert [(row["kind"], row["key"], row["missing"], row["missing_key"]) for row in book.report("orphans")] == [
        ("call", "5", "run", "w-deleted")
    ]
    change(service, "delete from workflows where id = 'w1'", "delete from generated_files where workflow_id = 'w1'")
    book.ingest(service)
    found = sorted((row["kind"], row["key"]) for row in book.report("orphans") if row["missing_key"] == "w1")
    assert found == [
        ("call", "1"), ("call", "2"), ("event", "1"), ("event", "2"), ("event", "3"), ("event", "4"), ("scene", "s1"),
    ]  # fmt: skip
    assert {row["provider"]: row["cost"] for row in book.report("cost", until="2026-03-01", since="2026-03-01")} == {
        "openai": 0.03,
        "stability": 0.04,
    }
    fresh = Book(service.parent)
    fresh.path = service.parent / "fresh.db"
    fresh.ingest(service)
    assert sorted((row["kind"], row["key"]) for row in fresh.report("orphans")) == sorted(
        (row["kind"], row["key"]) for row in book.report("orphans")
    )


def test_what_comes_back_is_linked_again(book: Book, service: Path) -> None:
    """When a workflow is restored from a backup, what pointed at nothing points at it and its story again."""
    book.ingest(service)
    linked = "select calls.id, runs.source_key, stories.source_key from calls left join runs on runs.id = run_id" + (
        " left join stories on stories.id = calls.story_id order by 1"
    )
    before = book.sql(linked)
    (row,) = ask(service, "select * from workflows where id = 'w1'")
    change(service, "delete from workflows where id = 'w1'")
    book.ingest(service)
    assert len(book.report("orphans")) > 1
    values = ", ".join("null" if value is None else repr(value) for value in row)
    change(
        service,
        f"insert into workflows values ({values})",
        "insert into workflows (id, status) values ('w-deleted', 'completed')",
    )
    book.ingest(service)
    assert book.report("orphans") == []
    assert book.sql(linked) == [(*b[:1], "w-deleted", "w-deleted") if b[1] is None and b[0] == 5 else b for b in before]


def test_a_workflow_hangs_when_nothing_of_it_moves(book: Book, service: Path) -> None:
    """The last sign of life is the latest of its update, progress, calls and files; not running is not stuck."""
    change(service, "insert into api_usage (workflow_id, created_at) values ('w2', '2026-03-02 10:30:00')")
    book.ingest(service)
    assert book.report("stuck_runs", as_of="2026-03-02T11:29:00Z") == []
    (stuck,) = book.report("stuck_runs", as_of="2026-03-02T11:30:00Z")
    assert (stuck["kind"], stuck["run"], stuck["step"]) == ("media_workflow", "w2", "image_generation")
    assert (stuck["started_at"], stuck["last_activity_at"]) == ("2026-03-02T10:00:00.000Z", "2026-03-02T10:30:00.000Z")
    assert stuck["stuck_minutes"] == 60


def test_the_early_version(book: Book, tmp_path: Path) -> None:
    """Two tables with few columns are enough."""
    path = tmp_path / "early.db"
    change(
        path,
        *OLD.split(";"),
        "insert into workflows values ('w1', 'a secret prompt', 'completed', '2025-01-01 10:00:00')",
        "insert into generated_files values ('w1', 'image', '/files/images/a.png', 7), ('w0', 'audio', '/f/b.mp3', 8)",
    )
    outcome = book.ingest(path)
    assert (outcome.counts.read, outcome.counts.rejected) == (3, 0)
    assert book.sql("select kind, path, size_bytes from artifacts order by id") == [
        ("image", "/files/images/a.png", None),
        ("audio", "/f/b.mp3", None),
    ]
    assert [(row["kind"], row["missing_key"]) for row in book.report("orphans")] == [("artifact", "w0")]
    assert book.report("cost") == []


def test_nothing_private_is_copied(book: Book, service: Path) -> None:
    """No byte of the report database holds a prompt, a story, a scene, a user name or an address; texts if asked."""
    book.ingest(service)
    stored = book.path.read_bytes()
    assert [text for text in PRIVATE if text.encode() in stored] == []
    assert book.sql("select error_message from calls where error_message is not null") == [("Rate limit for <e-mail>",)]
    book.ingest(service, with_text=True)
    assert book.sql("select prompt, text from stories where source_key = 'w1'") == [
        ("a secret prompt", "a secret story")
    ]
    assert book.sql("select text from story_nodes") == [("a secret scene",)]
    assert not any(text.encode() in book.path.read_bytes() for text in PRIVATE[3:])
    assert book.ingest(service).unchanged, "with_text is remembered"


def test_changes_are_found(book: Book, service: Path) -> None:
    """New rows, and a workflow that goes on, show next time."""
    book.ingest(service)
    change(
        service,
        "update workflows set status = 'completed', updated_at = '2026-03-02 12:00:00', total_processing_time = 7200,"
        " completed_at = '2026-03-02 12:00:00' where id = 'w2'",
        "insert into generation_progress values"
        " (8, 'w2', 100, 'image_generation', 'completed', 0, '2026-03-02 12:00:00')",
        "insert into api_usage (workflow_id, api_provider, cost_usd, created_at)"
        " values ('w2', 'openai', 1.5, '2026-03-02 11:00:00')",
    )
    outcome = book.ingest(service)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (3, 2, 0)
    assert book.sql("select status, duration_ms from runs where source_key = 'w2'") == [("completed", 7_200_000)]
    assert book.sql("select duration_ms from step_runs where source_key = 'w2/image_generation'") == [(6_900_000,)]
    (cost,) = [row["cost"] for row in book.report("cost", since="2026-03-02")]
    assert cost == 1.502


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [("cost_usd", -3.5, "cost"), ("tokens_used", -1, "total_tokens"), ("response_time", -2, "duration_ms")],
)
def test_negative_amounts_are_dropped_and_said(book: Book, service: Path, column: str, value: float, kept: str) -> None:
    """A negative amount is no amount: the row is loaded without it, and rejects says so."""
    change(service, f"update api_usage set {column} = {value} where id = 1")
    outcome = book.ingest(service)
    assert outcome.counts.rejected == 0
    assert book.sql(f"select {kept} from calls where source_key = '1'") == [(None,)]
    assert book.sql("select severity, source_table, source_key, reason from rejects") == [
        ("warning", "api_usage", "1", f"negative {column}")
    ]


@pytest.mark.parametrize(("column", "value"), [("cost_usd", "'NaN'"), ("tokens_used", "'many'"), ("cost_usd", "9e999")])
def test_what_is_no_number_is_rejected(book: Book, service: Path, column: str, value: str) -> None:
    """A row with a word where a number should be is not loaded."""
    change(service, f"update api_usage set {column} = {value} where id = 1")
    assert book.ingest(service).counts.rejected == 1
    assert book.sql("select reason from rejects") == [(f"{column} is not a number",)]
    assert book.one("select count(*) from calls") == 4


def test_a_postgresql_database(book: Book, service: Path, server: str) -> None:
    """The same tables on a server give the same reports as in a file, and only changes are read again."""
    url = new_database(server, "movies")
    types = {"timestamp": "timestamptz", " integer primary key": " integer primary key"}
    for statement in NEW.split(";"):
        for old, new in types.items():
            statement = statement.replace(old, new).replace("current_timestamptz", "current_timestamp")
        execute(url, statement.replace("success boolean", "success integer"))
    execute(url, "set time zone 'UTC'", *ROWS)
    book.ingest(url, name="movies")
    other = Book(service.parent)
    other.path = service.parent / "other.db"
    other.ingest(service)
    for name in ("slowest_steps", "failure_rates", "cost", "orphans"):
        assert book.report(name) == other.report(name)
    again = book.ingest(url, name="movies")
    assert (again.counts.written, again.counts.inserted) == (0, 0)


def test_mongo_exports(book: Book, tmp_path: Path) -> None:
    """Collections as mongoexport writes them are read like the tables."""
    folder = tmp_path / "mongo"
    folder.mkdir()
    workflow = {
        "_id": {"$oid": "65f0c0ffee65f0c0ffee0001"},
        "original_prompt": "a secret prompt",
        "story_title": "The Fox",
        "current_phase": "done",
        "status": "completed",
        "created_at": {"$date": "2026-03-01T10:00:00Z"},
        "total_processing_time": {"$numberDouble": "600.25"},
    }
    usage = {
        "_id": {"$oid": "65f0c0ffee65f0c0ffee0002"},
        "workflow_id": {"$oid": "65f0c0ffee65f0c0ffee0001"},
        "api_provider": "openai",
        "endpoint": "chat",
        "tokens_used": {"$numberLong": "1500"},
        "cost_usd": 0.03,
        "success": True,
        "created_at": {"$date": {"$numberLong": "1772359230000"}},
    }
    (folder / "workflows.jsonl").write_text(json.dumps(workflow), encoding="utf-8")
    (folder / "api_usage.jsonl").write_text(f"{json.dumps(usage)}\n{{broken\n", encoding="utf-8")
    assert book.ingest(folder).counts.rejected == 1
    assert book.sql("select title, prompt from stories") == [("The Fox", None)]
    assert book.sql("select duration_ms from runs") == [(600_250,)]
    assert [(row["day"], row["total_tokens"], row["cost"]) for row in book.report("cost")] == [
        ("2026-03-01", 1500, 0.03)
    ]
    assert book.report("orphans") == []


@pytest.mark.parametrize("database_first", [True, False])
def test_files_on_disk(book: Book, service: Path, tmp_path: Path, database_first: bool) -> None:
    """A file that the database knows is one artifact; one that it does not know is one of its own."""
    folder = tmp_path / "save_outputs"
    for name in ("images/1.png", "images/lost.png", "video/all.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * 10)
    places = [service, folder] if database_first else [folder, service]
    for place in places:
        book.ingest(place, name="movies")
    assert book.sql("select kind, path from artifacts order by path") == [
        ("image", "/files/images/1.png"),
        ("video", "/files/video/all.mp4"),
        ("image", "images/lost.png"),
    ]
    (folder / "images/lost.png").unlink()
    book.ingest(folder, name="movies")
    assert book.sql("select path from artifacts where gone_at is not null") == [("images/lost.png",)]


def test_a_status_is_no_step(book: Book, service: Path) -> None:
    """Where the phase of a workflow is but the word for its end, it has no current step."""
    change(
        service,
        "update workflows set current_phase = 'completed' where id = 'w1'",
        "update workflows set current_phase = ' Failed' where id = 'w3'",
    )
    book.ingest(service)
    assert book.sql("select source_key, current_step from runs order by 1") == [
        ("w1", None),
        ("w2", "image_generation"),
        ("w3", None),
    ]


def test_the_folders_are_the_same_everywhere() -> None:
    """The mapping names the folders that are read from the disk."""
    mapping = Path(media.__file__).with_suffix(".sql").read_text(encoding="utf-8")
    lists = re.findall(r"instr\(substr\(files\.path, 8\), '/'\) - 1\)\s+in \(([^)]*)\)", mapping)
    assert [{name.strip(" '") for name in names.split(",")} for names in lists] == [set(media.KINDS)] * 2
