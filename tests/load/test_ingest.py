"""Ingest whatever the system: what is rejected, what is hostile, what is kept apart."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, ask, change
from helpers.tracker import Tracker

from storyreport.errors import StoryreportError, UsageError
from storyreport.ingest import requests_for

SCRIPT = "<script>alert(1)</script>"
SQL = "x'); drop table stories; --"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ("(null, '01_ingest', 'r', 'completed', 5, '2026-01-01 10:00:00')", "has no story_id"),
        ("('', '01_ingest', 'r', 'completed', 5, '2026-01-01 10:00:00')", "has no story_id"),
        ("('A', null, 'r', 'completed', 5, '2026-01-01 10:00:00')", "has no step_name"),
        ("('A', '01_ingest', 'r', 'completed', 5, '2026-02-30 10:00:00')", "timestamp is no possible time"),
        ("('A', '01_ingest', 'r', 'completed', 5, 'soon')", "timestamp is no possible time"),
        ("('A', '01_ingest', 'r', 'completed', 'long', '2026-01-01 10:00:00')", "execution_time_ms is not a number"),
        ("('A', '01_ingest', 'r', 'completed', 1e300, '2026-01-01 10:00:00')", "execution_time_ms is not a number"),
        ("('A', '01_ingest', 'r', 'completed', -9223372036854775807 - 1, null)", "execution_time_ms is not a number"),
        ("(x'00ff', '01_ingest', 'r', 'completed', 5, '2026-01-01 10:00:00')", "story_id is no readable key"),
        ("(cast(x'ff41' as text), '01_ingest', 'r', 'completed', 5, null)", "story_id is no readable key"),
        ("('A' || char(0) || 'B', '01_ingest', 'r', 'completed', 5, null)", "story_id is no readable key"),
        ("('A', '01_' || char(27) || '[2J', 'r', 'completed', 5, null)", "step_name is no readable key"),
        ("(printf('%.*c', 1000, 'x'), '01_ingest', 'r', 'completed', 5, null)", "story_id is no readable key"),
    ],
)
def test_a_row_that_cannot_be_placed_is_rejected(db: ReportDatabase, tmp_path: Path, values: str, reason: str) -> None:
    """It is kept with its reason, and the rest is loaded."""
    path = tmp_path / "odd.db"
    change(
        path,
        "create table step_history (id integer primary key, story_id text, step_name text, run_id text, status text,"
        " execution_time_ms integer, timestamp text)",
        "insert into step_history values (1, 'OK', '01_ingest', 'r', 'completed', 7, '2026-01-01 10:00:00')",
        f"insert into step_history (story_id, step_name, run_id, status, execution_time_ms, timestamp) values {values}",
    )
    outcome = db.ingest(path)
    assert (outcome.counts.read, outcome.counts.rejected) == (2, 1)
    assert db.one("select count(*) from step_runs") == 1
    ((table, row, severity, said, shown),) = db.sql(
        "select source_table, source_row, severity, reason, row from rejects"
    )
    assert (table, row, severity, said) == ("step_history", 2, "rejected", reason)
    assert json.loads(shown)["id"] == 2
    assert len(shown) < 1500
    assert db.ingest(path, full=True).counts.written == 0
    assert db.one("select count(*) from rejects") == 1
    change(
        path,
        "update step_history set story_id = 'B', step_name = '02_preprocess', timestamp = null, execution_time_ms = 3"
        " where id = 2",
    )
    assert db.ingest(path).counts.inserted == 1
    assert db.one("select count(*) from rejects") == 0


def test_a_time_may_lack_and_a_negative_length_is_dropped(db: ReportDatabase, tracker: Tracker) -> None:
    """No time is no reason to reject; a negative length never enters an average."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r", -5000)
    tracker.end("A", "02_preprocess", "r", 3000)
    change(tracker.path, "update step_history set timestamp = null where step_name = '02_preprocess'")
    assert db.ingest(tracker.path).counts.rejected == 0
    assert {(row["step"], row["executions"], row["avg_ms"]) for row in db.report("slowest_steps")} == {
        ("01_ingest", 1, None),
        ("02_preprocess", 1, 3000),
    }
    assert db.sql("select severity, reason from rejects") == [("warning", "negative execution_time_ms")]
    assert [row["step"] for row in db.report("slowest_steps", until="2026-12-31")] == ["01_ingest"]


def test_strict_rejects_the_whole_source(db: ReportDatabase, tracker: Tracker) -> None:
    """With --strict a row that cannot be loaded is a failure that says which, and nothing is changed."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r", 1000)
    change(tracker.path, "update step_history set timestamp = 'soon'")
    with pytest.raises(
        StoryreportError, match=r"1 rows? cannot be loaded, the first is step_history row 1 \(timestamp"
    ):
        db.ingest(tracker.path, strict=True)
    assert not db.path.exists()
    assert db.ingest(tracker.path).counts.rejected == 1


def test_hostile_text_is_data(db: ReportDatabase, tracker: Tracker) -> None:
    """HTML and SQL in titles, names and messages are kept as what they are."""
    tracker.register(SQL, SCRIPT)
    tracker.end(SQL, SCRIPT, "r'--", 1000, "failed", f"{SCRIPT} {SQL}")
    db.ingest(tracker.path)
    assert db.sql("select source_key, title from stories") == [(SQL, SCRIPT)]
    assert db.sql("select name, family from steps") == [(SCRIPT, SCRIPT)]
    assert db.sql("select error_message from step_runs") == [(f"{SCRIPT} {SQL}",)]
    assert [row["step"] for row in db.report("failure_rates")] == [SCRIPT]
    assert db.report("failure_rates", source=SQL) == []


def test_giant_and_broken_texts_are_cut(db: ReportDatabase, tracker: Tracker) -> None:
    """A text of any size becomes one of a sane size; bytes that are no text become readable."""
    tracker.register("A")
    change(tracker.path, "update stories set title = printf('%.*c', 30000000, 'x'), source = cast(x'fffe41' as text)")
    tracker.end("A", "01_ingest", "r", 1, "failed", "äé " * 2_000_000)
    db.ingest(tracker.path)
    assert db.sql("select length(title), origin from stories") == [(2000, "\ufffd\ufffdA")]
    assert db.sql("select length(error_message) from step_runs") == [(2000,)]
    assert db.path.stat().st_size < 2_000_000


def test_what_a_source_would_run_is_not_run(db: ReportDatabase, tracker: Tracker) -> None:
    """Views and triggers of a source, and computed columns that fail, do nothing to an ingest."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r", 1000)
    change(
        tracker.path,
        "create table spy (what text)",
        "create trigger watcher after insert on step_history begin insert into spy values ('seen'); end",
        "create view src_statuses as with recursive n (i) as (select 1 union all select i + 1 from n) select i from n",
        "alter table stories rename to real_stories",
        "create view stories as with recursive n (i) as (select 1 union all select i + 1 from n)"
        " select i as story_id from n",
    )
    db.ingest(tracker.path)
    assert db.one("select count(*) from step_runs") == 1
    assert db.one("select count(*) from stories") == 0
    assert ask(tracker.path, "select count(*) from spy") == [(0,)]


def test_sources_are_kept_apart(db: ReportDatabase, tmp_path: Path) -> None:
    """Two sources with equal keys share nothing, and a report tells them apart."""
    for name, ms in (("left", 1000), ("right", 5000)):
        tracker = Tracker(tmp_path / f"{name}.db")
        tracker.register("A")
        tracker.end("A", "01_ingest", "r", ms)
        tracker.close()
    db.ingest(tmp_path / "left.db", tmp_path / "right.db")
    assert [(row["source"], row["max_ms"]) for row in db.report("slowest_steps")] == [("right", 5000), ("left", 1000)]
    assert [row["max_ms"] for row in db.report("slowest_steps", source="left")] == [1000]
    assert db.one("select count(*) from stories") == 2
    change(tmp_path / "left.db", "delete from stories")
    db.ingest(tmp_path / "left.db")
    assert [row["source"] for row in db.report("orphans")] == ["left"]


def test_a_source_that_moved_is_read_whole_and_said(db: ReportDatabase, tracker: Tracker, tmp_path: Path) -> None:
    """The same name at another place is taken as the same source, with a note."""
    tracker.register("A")
    tracker.close()
    db.ingest(tracker.path)
    moved = tmp_path / "elsewhere" / "studio.db"
    moved.parent.mkdir()
    tracker.path.rename(moved)
    change(moved, "update stories set title = 'Moved', updated_at = '2020-01-01 00:00:00'")
    outcome = db.ingest(moved)
    assert "was read from" in outcome.notes[0]
    assert db.sql("select title from stories") == [("Moved",)]


def test_an_unregistered_name_is_taken_from_the_file(tmp_path: Path) -> None:
    """The source's name is --name, else the file's or folder's stem."""
    tracker = Tracker(tmp_path / "my.stories.db")
    tracker.close()
    assert [request.name for request in requests_for([tracker.path], None, None)] == ["my.stories"]
    assert [request.name for request in requests_for([tracker.path], "studio", None)] == ["studio"]


def test_every_ingest_is_noted(db: ReportDatabase, real_pipeline: Path) -> None:
    """One row an ingest, also of one that found nothing new."""
    db.ingest(real_pipeline)
    db.ingest(real_pipeline)
    assert db.sql("select status, rows_read, inserted, updated, rejected from ingests") == [
        ("completed", 44, 35, 0, 0),
        ("unchanged", 0, 0, 0, 0),
    ]


def test_a_report_database_is_no_source(db: ReportDatabase, real_pipeline: Path, tmp_path: Path) -> None:
    """Our own database, given by mistake, is refused."""
    db.ingest(real_pipeline)
    other = ReportDatabase(tmp_path)
    other.path = tmp_path / "other.db"
    with pytest.raises(StoryreportError, match="is a report database, not a source"):
        other.ingest(db.path)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("nofile.db", None, "{path} does not exist."),
        ("x.csv", "b,a\n1,2\n", "{path}: columns a, b match no known format. {hint}"),
        ("x.jsonl", '{"c": 1, "d": 2}\n', "{path}: columns c, d match no known format. {hint}"),
        (
            "x.csv",
            "a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n",
            "{path}: columns a, b, c, d, e, f, … match no known format. {hint}",
        ),
        ("x.csv", f"a,b,{'c' * 50}\n1,2,3\n", "{path}: columns a, b match no known format. {hint}"),
        ("x.txt", "Dear Sir,\nI write to you\n", "{path} matches no known format. {hint}"),
        ("x.bin", "\0\1\2", "{path} matches no known format. {hint}"),
    ],
)
def test_a_place_that_is_no_source(
    db: ReportDatabase, tmp_path: Path, name: str, content: str | None, error: str
) -> None:
    """One sentence says what is there, and another one what to do."""
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(StoryreportError) as raised:
        db.ingest(path)
    hint = "For your own CSV see docs/plain-formats.md (needs step, started_at)."
    assert str(raised.value) == error.format(path=path, hint=hint)


def test_a_file_of_another_system(db: ReportDatabase, tmp_path: Path) -> None:
    """With --as, the system that was expected is named."""
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(StoryreportError, match=r"x\.csv is not a file of litellm\.$"):
        db.ingest(path, system="litellm")


def test_a_name_that_cannot_be_printed(tmp_path: Path) -> None:
    """The source gets another one with --name."""
    path = tmp_path / "steps.csv"
    path.write_text("run,step,started_at\nr1,draft,2026-03-10\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has unprintable characters; choose one with --name"):
        requests_for([path], "\x1b\x07", None)


def test_what_is_unchanged_is_known_in_another_process(tmp_path: Path) -> None:
    """Whether a source has changed does not depend on how this process hashes its strings."""
    (tmp_path / "workflows.jsonl").write_text(
        '{"id": "w1", "original_prompt": "x", "current_phase": "y", "status": "active"}\n', encoding="utf-8"
    )
    said = [
        subprocess.run(
            [sys.executable, "-m", "storyreport", "ingest", "workflows.jsonl", "--db", "report.db"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert "1 row read" in said[0]
    assert "unchanged" in said[1]


@pytest.mark.parametrize("is_indexed", [True, False])
def test_generated_columns_are_read(db: ReportDatabase, tmp_path: Path, is_indexed: bool) -> None:
    """A column that SQLite computes, stored or not, is one like the others, also where the table has to be copied."""
    path = tmp_path / "computed.db"
    change(
        path,
        "create table step_history (id integer primary key, document text, run_id text, status text, timestamp text,"
        " story_id text as (substr(document, 1, 1)), step_name text as ('01_' || substr(document, 2)) stored,"
        " execution_time_ms integer as (length(document) * 100))",
        *(["create index by_story on step_history (story_id)"] if is_indexed else []),
        "insert into step_history (document, run_id, status, timestamp)"
        " values ('Adraft', 'r', 'completed', '2026-01-01 10:00:00'), ('Bart', 'r', 'completed', null)",
    )
    assert db.ingest(path).counts.rejected == 0
    planted = ask(path, "select step_name, story_id, execution_time_ms from step_history order by 1")
    assert planted == [("01_art", "B", 400), ("01_draft", "A", 600)]
    assert (
        db.sql("select name, story_key, duration_ms from step_runs join steps on steps.id = step_id order by 1")
        == planted
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes are Linux's")
def test_a_path_that_is_not_utf_8(tmp_path: Path, tracker: Tracker) -> None:
    """It is read like any other, and shown as what can be shown of it."""
    tracker.register("A")
    tracker.close()
    strange = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.db"))
    tracker.path.rename(strange)
    done = run("ingest", str(strange), "--db", "report.db", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    db = ReportDatabase(tmp_path)
    ((location,),) = db.sql("select location from inputs")
    assert location == f"{tmp_path.resolve()}/a\\xff.db"
    assert db.one("select count(*) from stories") == 1
    assert "unchanged" in run("ingest", str(strange), "--db", "report.db", cwd=tmp_path).stdout


def test_an_output_that_lacks_a_character(db: ReportDatabase, tracker: Tracker) -> None:
    """A terminal that cannot show a character gets another one, not an error; CSV is UTF-8 wherever it goes."""
    tracker.register("A")
    tracker.end("A", "01_\u4e16", "r", 1000)
    db.ingest(tracker.path)
    for form, shown in (("table", "01_?"), ("csv", "01_\u4e16".encode().decode("latin-1"))):
        done = run(
            "report",
            "slowest_steps",
            "--format",
            form,
            "--db",
            str(db.path),
            cwd=db.path.parent,
            encoding="latin-1",
        )
        assert (done.returncode, done.stderr, shown in done.stdout) == (0, "", True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_that_cannot_be_written(tmp_path: Path, option: str) -> None:
    """One sentence, and a failure."""
    limited = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        "os.execv(sys.executable, [sys.executable, '-m', 'storyreport', sys.argv[1]])"
    )
    with (tmp_path / "full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", limited, option], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: The output cannot be written: File too large.\n"


def run(*arguments: str, cwd: Path, encoding: str = "utf-8") -> "subprocess.CompletedProcess[str]":
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "storyreport", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        encoding=encoding,
        capture_output=True,
        check=False,
    )
