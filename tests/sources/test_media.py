"""The story-to-video service: both versions of its database, its costs, its own clean-up, and what is private in it."""

import json
import re
from pathlib import Path

import pytest
from helpers.media import NEW, OLD, PRIVATE, ROWS
from helpers.platforms import with_links
from helpers.postgres import execute, new_database
from helpers.report_database import ReportDatabase, ask, change

from storyreport.sources import media


def test_workflows_are_stories_and_runs(db: ReportDatabase, movies: Path) -> None:
    """A workflow makes one story; its times are UTC and its length is in milliseconds."""
    db.ingest(movies)
    assert db.sql("select source_key, title, status, source_status, ended_at from stories order by 1") == [
        ("w1", "The Fox", "completed", "completed", "2026-03-01T10:10:00.000Z"),
        ("w2", "The Owl", "running", "ACTIVE", None),
        ("w3", "The Hen", "failed", "failed", None),
    ]
    assert db.sql("""
        select runs.kind, stories.source_key, current_step, started_at, runs.ended_at, duration_ms
        from runs join stories on stories.id = story_id order by 2
    """) == [
        ("media_workflow", "w1", "video_assembly", "2026-03-01T10:00:00.000Z", "2026-03-01T10:10:00.000Z", 600_250),
        ("media_workflow", "w2", "image_generation", "2026-03-02T10:00:00.000Z", None, None),
        ("media_workflow", "w3", "audio_generation", "2026-03-02T11:00:00.000Z", None, None),
    ]


def test_steps_are_made_of_progress(db: ReportDatabase, movies: Path) -> None:
    """A step lasts from its first progress row to the one that ends it; a single row tells no length."""
    db.ingest(movies)
    rows = {(row["step"], row["executions"], row["max_ms"]) for row in db.report("slowest_steps")}
    assert rows == {("image_generation", 1, 240_000), ("video_assembly", 1, None), ("audio_generation", 1, None)}
    assert {row["step"]: row["failed"] for row in db.report("failure_rates")}["audio_generation"] == 1


def test_a_step_that_is_tried_again_ends_with_its_last_end(db: ReportDatabase, movies: Path) -> None:
    """It lasts from its first row to that which ended it last, and is what that says."""
    change(
        movies,
        "insert into generation_progress values"
        " (8, 'w3', 50, 'audio_generation', 'in_progress', 60, '2026-03-02 11:06:00'),"
        " (9, 'w3', 100, 'audio_generation', 'completed', 0, '2026-03-02 11:09:00')",
    )
    db.ingest(movies)
    columns = ("step", "status", "started_at", "ended_at", "duration_ms")
    assert [tuple(row[column] for column in columns) for row in db.report("run_timeline", run="w3")] == [
        ("audio_generation", "completed", "2026-03-02T11:01:00.000Z", "2026-03-02T11:09:00.000Z", 480_000)
    ]


def test_cost(db: ReportDatabase, movies: Path) -> None:
    """Costs are added up by day and provider; a call without one is unpriced, not free."""
    db.ingest(movies)
    columns = ("day", "provider", "calls", "total_tokens", "cost", "currency", "estimated_cost", "unpriced_calls")
    assert {tuple(row[column] for column in columns) for row in db.report("cost")} == {
        ("2026-03-02", "openai", 2, 100, 0.002, "USD", None, 1),
        ("2026-03-01", "stability", 1, None, 0.04, "USD", None, 0),
        ("2026-03-01", "openai", 1, 1500, 0.03, "USD", None, 0),
        ("2026-02-01", "suno", 1, None, 0.5, "USD", None, 0),
    }
    (total,) = ask(movies, "select round(sum(cost_usd), 6) from api_usage")[0]
    assert round(sum(row["cost"] or 0 for row in db.report("cost")), 6) == total
    assert {row["provider"] for row in db.report("cost", since="2026-03-01", until="2026-03-01")} == {
        "openai",
        "stability",
    }
    assert [row["calls"] for row in db.report("cost", provider="suno")] == [1]


def test_a_call_with_only_unpriced_rows_has_no_cost(db: ReportDatabase, movies: Path) -> None:
    """Where nothing is known of a cost there is none, not 0."""
    change(movies, "update api_usage set cost_usd = null")
    db.ingest(movies)
    assert {row["cost"] for row in db.report("cost")} == {None}
    assert sum(row["unpriced_calls"] for row in db.report("cost")) == 5


def test_the_clean_up_leaves_orphans(db: ReportDatabase, movies: Path) -> None:
    """What the service's own clean-up leaves behind points at nothing; what had no workflow to begin with does not."""
    db.ingest(movies)
    assert [(row["kind"], row["key"], row["missing"], row["missing_key"]) for row in db.report("orphans")] == [
        ("call", "5", "run", "w-deleted")
    ]
    change(movies, "delete from workflows where id = 'w1'", "delete from generated_files where workflow_id = 'w1'")
    db.ingest(movies)
    found = sorted((row["kind"], row["key"]) for row in db.report("orphans") if row["missing_key"] == "w1")
    assert found == [
        ("call", "1"), ("call", "2"), ("event", "1"), ("event", "2"), ("event", "3"), ("event", "4"), ("scene", "s1"),
    ]  # fmt: skip
    assert {row["provider"]: row["cost"] for row in db.report("cost", until="2026-03-01", since="2026-03-01")} == {
        "openai": 0.03,
        "stability": 0.04,
    }
    fresh = ReportDatabase(movies.parent)
    fresh.path = movies.parent / "fresh.db"
    fresh.ingest(movies)
    assert sorted((row["kind"], row["key"]) for row in fresh.report("orphans")) == sorted(
        (row["kind"], row["key"]) for row in db.report("orphans")
    )


def test_what_comes_back_is_linked_again(db: ReportDatabase, movies: Path) -> None:
    """When a workflow is restored from a backup, what pointed at nothing points at it and its story again."""
    db.ingest(movies)
    linked = "select calls.id, runs.source_key, stories.source_key from calls left join runs on runs.id = run_id" + (
        " left join stories on stories.id = calls.story_id order by 1"
    )
    before = db.sql(linked)
    (row,) = ask(movies, "select * from workflows where id = 'w1'")
    change(movies, "delete from workflows where id = 'w1'")
    db.ingest(movies)
    assert len(db.report("orphans")) > 1
    values = ", ".join("null" if value is None else repr(value) for value in row)
    change(
        movies,
        f"insert into workflows values ({values})",
        "insert into workflows (id, status) values ('w-deleted', 'completed')",
    )
    db.ingest(movies)
    assert db.report("orphans") == []
    assert db.sql(linked) == [(*b[:1], "w-deleted", "w-deleted") if b[1] is None and b[0] == 5 else b for b in before]


def test_a_workflow_hangs_when_nothing_of_it_moves(db: ReportDatabase, movies: Path) -> None:
    """The last sign of life is the latest of its update, progress, calls and files; not running is not stuck."""
    change(movies, "insert into api_usage (workflow_id, created_at) values ('w2', '2026-03-02 10:30:00')")
    db.ingest(movies)
    assert db.report("stuck_runs", as_of="2026-03-02T11:29:00Z") == []
    (stuck,) = db.report("stuck_runs", as_of="2026-03-02T11:30:00Z")
    assert (stuck["kind"], stuck["run"], stuck["step"]) == ("media_workflow", "w2", "image_generation")
    assert (stuck["started_at"], stuck["last_activity_at"]) == ("2026-03-02T10:00:00.000Z", "2026-03-02T10:30:00.000Z")
    assert stuck["stuck_minutes"] == 60


def test_the_early_version(db: ReportDatabase, tmp_path: Path) -> None:
    """Two tables with few columns are enough."""
    path = tmp_path / "early.db"
    change(
        path,
        *OLD.split(";"),
        "insert into workflows values ('w1', 'a secret prompt', 'completed', '2025-01-01 10:00:00')",
        "insert into generated_files values ('w1', 'image', '/files/images/a.png', 7), ('w0', 'audio', '/f/b.mp3', 8)",
    )
    outcome = db.ingest(path)
    assert (outcome.counts.read, outcome.counts.rejected) == (3, 0)
    assert db.sql("select kind, path, size_bytes from artifacts order by id") == [
        ("image", "/files/images/a.png", None),
        ("audio", "/f/b.mp3", None),
    ]
    assert [(row["kind"], row["missing_key"]) for row in db.report("orphans")] == [("artifact", "w0")]
    assert db.report("cost") == []


def test_nothing_private_is_copied(db: ReportDatabase, movies: Path) -> None:
    """No byte of the report database holds a prompt, a story, a scene, a user name or an address; texts if asked."""
    db.ingest(movies)
    stored = db.path.read_bytes()
    assert [text for text in PRIVATE if text.encode() in stored] == []
    assert db.sql("select error_message from calls where error_message is not null") == [("Rate limit for <e-mail>",)]
    db.ingest(movies, with_text=True)
    assert db.sql("select prompt, text from stories where source_key = 'w1'") == [("a secret prompt", "a secret story")]
    assert db.sql("select text from story_nodes") == [("a secret scene",)]
    assert not any(text.encode() in db.path.read_bytes() for text in PRIVATE[3:])
    assert db.ingest(movies).unchanged, "with_text is remembered"


def test_changes_are_found(db: ReportDatabase, movies: Path) -> None:
    """New rows, and a workflow that goes on, show next time."""
    db.ingest(movies)
    change(
        movies,
        "update workflows set status = 'completed', updated_at = '2026-03-02 12:00:00', total_processing_time = 7200,"
        " completed_at = '2026-03-02 12:00:00' where id = 'w2'",
        "insert into generation_progress values"
        " (8, 'w2', 100, 'image_generation', 'completed', 0, '2026-03-02 12:00:00')",
        "insert into api_usage (workflow_id, api_provider, cost_usd, created_at)"
        " values ('w2', 'openai', 1.5, '2026-03-02 11:00:00')",
    )
    outcome = db.ingest(movies)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (3, 2, 0)
    assert db.sql("select status, duration_ms from runs where source_key = 'w2'") == [("completed", 7_200_000)]
    assert db.sql("select duration_ms from step_runs where source_key = 'w2/image_generation'") == [(6_900_000,)]
    (cost,) = [row["cost"] for row in db.report("cost", since="2026-03-02")]
    assert cost == 1.502


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [("tokens_used", -1, "total_tokens"), ("response_time", -2, "duration_ms")],
)
def test_negative_amounts_are_dropped_and_said(
    db: ReportDatabase, movies: Path, column: str, value: float, kept: str
) -> None:
    """A negative amount is no amount: the row is loaded without it, and rejects says so."""
    change(movies, f"update api_usage set {column} = {value} where id = 1")
    outcome = db.ingest(movies)
    assert outcome.counts.rejected == 0
    assert db.sql(f"select {kept} from calls where source_key = '1'") == [(None,)]
    assert db.sql("select severity, source_table, source_key, reason from rejects") == [
        ("warning", "api_usage", "1", f"negative {column}")
    ]


def test_a_negative_cost_was_given_back(db: ReportDatabase, movies: Path) -> None:
    """It reduces what was paid; of -1, which stands for no cost at all, the row is loaded without it."""
    change(
        movies, "update api_usage set cost_usd = -3.5 where id = 1", "update api_usage set cost_usd = -1 where id = 2"
    )
    db.ingest(movies)
    assert db.sql("select cost from calls where source_key in ('1', '2') order by source_key") == [(-3.5,), (None,)]
    assert db.sql("select severity, source_key, reason from rejects") == [
        ("warning", "2", "cost_usd of -1, which means that there is none")
    ]


@pytest.mark.parametrize(("column", "value"), [("cost_usd", "'NaN'"), ("tokens_used", "'many'"), ("cost_usd", "9e999")])
def test_what_is_no_number_is_rejected(db: ReportDatabase, movies: Path, column: str, value: str) -> None:
    """A row with a word where a number should be is not loaded."""
    change(movies, f"update api_usage set {column} = {value} where id = 1")
    assert db.ingest(movies).counts.rejected == 1
    assert db.sql("select reason from rejects") == [(f"{column} is not a number",)]
    assert db.one("select count(*) from calls") == 4


def test_a_postgresql_database(db: ReportDatabase, movies: Path, server: str) -> None:
    """The same tables on a server give the same reports as in a file, and only changes are read again."""
    url = new_database(server, "movies")
    types = {"timestamp": "timestamptz", " integer primary key": " integer primary key"}
    for statement in NEW.split(";"):
        for old, new in types.items():
            statement = statement.replace(old, new).replace("current_timestamptz", "current_timestamp")
        execute(url, statement.replace("success boolean", "success integer"))
    execute(url, "set time zone 'UTC'", *ROWS)
    db.ingest(url, name="movies")
    other = ReportDatabase(movies.parent)
    other.path = movies.parent / "other.db"
    other.ingest(movies)
    for name in ("slowest_steps", "failure_rates", "cost", "orphans"):
        assert db.report(name) == other.report(name)
    again = db.ingest(url, name="movies")
    assert (again.counts.written, again.counts.inserted) == (0, 0)


def test_mongo_exports(db: ReportDatabase, tmp_path: Path) -> None:
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
    assert db.ingest(folder).counts.rejected == 1
    assert db.sql("select title, prompt from stories") == [("The Fox", None)]
    assert db.sql("select duration_ms from runs") == [(600_250,)]
    assert [(row["day"], row["total_tokens"], row["cost"]) for row in db.report("cost")] == [("2026-03-01", 1500, 0.03)]
    assert db.report("orphans") == []


@pytest.mark.parametrize("database_first", [True, False])
def test_files_on_disk(db: ReportDatabase, movies: Path, tmp_path: Path, database_first: bool) -> None:
    """A file that the database knows is one artifact; one that it does not know is one of its own."""
    folder = tmp_path / "save_outputs"
    for name in ("images/1.png", "images/lost.png", "video/all.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * 10)
    places = [movies, folder] if database_first else [folder, movies]
    for place in places:
        db.ingest(place, name="movies")
    assert db.sql("select kind, path from artifacts order by path") == [
        ("image", "/files/images/1.png"),
        ("video", "/files/video/all.mp4"),
        ("image", "images/lost.png"),
    ]
    (folder / "images/lost.png").unlink()
    db.ingest(folder, name="movies")
    assert db.sql("select path from artifacts where gone_at is not null") == [("images/lost.png",)]


@with_links
def test_links_to_folders_are_not_followed(db: ReportDatabase, tmp_path: Path) -> None:
    """One that leads up is found again below each of the others; another one leads to files of others."""
    for kind in ("images", "audio"):
        (tmp_path / "save_outputs" / kind).mkdir(parents=True)
    for number in range(3):
        (tmp_path / "save_outputs" / "images" / f"up{number}").symlink_to("..")
    (tmp_path / "save_outputs" / "audio" / "elsewhere").symlink_to(tmp_path.parent)
    (tmp_path / "save_outputs" / "audio" / "a.mp3").write_bytes(b"x")
    (tmp_path / "save_outputs" / "audio" / "b.mp3").symlink_to("a.mp3")
    db.ingest(tmp_path / "save_outputs")
    assert db.sql("select path from artifacts order by path") == [("audio/a.mp3",), ("audio/b.mp3",)]


def test_a_status_is_no_step(db: ReportDatabase, movies: Path) -> None:
    """Where the phase of a workflow is but the word for its end, it has no current step."""
    change(
        movies,
        "update workflows set current_phase = 'completed' where id = 'w1'",
        "update workflows set current_phase = ' Failed' where id = 'w3'",
    )
    db.ingest(movies)
    assert db.sql("select source_key, current_step from runs order by 1") == [
        ("w1", None),
        ("w2", "image_generation"),
        ("w3", None),
    ]


def test_the_folders_are_the_same_everywhere() -> None:
    """The mapping names the folders that are read from the disk."""
    mapping = Path(media.__file__).with_suffix(".sql").read_text(encoding="utf-8")
    lists = re.findall(r"instr\(substr\(files\.path, 8\), '/'\) - 1\)\s+in \(([^)]*)\)", mapping)
    assert [{name.strip(" '") for name in names.split(",")} for names in lists] == [set(media.KINDS)] * 2


@pytest.mark.parametrize(
    ("ended", "taken", "duration_ms"),
    [
        ("2026-03-01 10:05:00", 299.5, 299_500),
        ("2026-03-01 10:05:00", None, 300_000),
        ("2026-03-01 09:59:00", None, None),
        (None, None, None),
    ],
)
def test_the_duration_of_a_workflow(
    db: ReportDatabase, tmp_path: Path, ended: str | None, taken: float | None, duration_ms: int | None
) -> None:
    """What the service measured; where it did not, from 10:00 to the end."""
    (path := tmp_path / "movies.jsonl").write_text(
        json.dumps(
            {"id": "w", "current_phase": "completed", "original_prompt": "p", "status": "completed"}
            | {"created_at": "2026-03-01 10:00:00", "completed_at": ended, "total_processing_time": taken}
        ),
        "utf-8",
    )
    db.ingest(path)
    assert db.sql("select duration_ms from runs") == [(duration_ms,)]
