"""An ingest only reads: files, folders, locks and logs of the source stay as they are."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers.interruptions import SMALL, History, files_of, ingest, plant_history, plant_small, shown
from helpers.platforms import with_links
from helpers.tracker import Tracker

from storyreport.ingest import ingest as ingest_here
from storyreport.ingest import requests_for
from storyreport.readers import sqlite

# Inserts a story and its two steps in one transaction, again and again until its stdin is closed; then says how many
# transactions it did and what SQLite complained of, which is a lock that is held for a second. The wait is that for
# locks: this disk's fsync is none of an ingest's business.
WRITER = """
import json, sqlite3, sys, threading
connection = sqlite3.connect(sys.argv[1], timeout=1, isolation_level=None)
connection.execute("pragma synchronous = off")
done, complaints = 0, []
end = threading.Thread(target=sys.stdin.read, daemon=True)
end.start()
while end.is_alive():
    end.join(0.05)
    try:
        connection.execute("begin immediate")
        connection.execute("insert into stories (story_id, title) values (?, 'Live')", [f"LIVE-{done}"])
        for step in ("01_ingest", "02_preprocess"):
            connection.execute(
                "insert into step_history (story_id, step_name, run_id, status, execution_time_ms)"
                " values (?, ?, 'live', 'completed', 1)", [f"LIVE-{done}", step])
        connection.execute("commit")
        done += 1
    except sqlite3.OperationalError as error:
        complaints.append(str(error))
        if connection.in_transaction:
            connection.execute("rollback")
    if done == 1:
        print("writing", flush=True)
print(json.dumps({"done": done, "complaints": complaints}))
"""


# (b) a writer meanwhile --------------------------------------------------------------------------------------------


@contextmanager
def writing(path: Path) -> Iterator[dict[str, Any]]:
    """A process that writes to a source all the while; what it has to say is there once it has been stopped."""
    said: dict[str, Any] = {}
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "writing\n"
            yield said
            out, _ = writer.communicate(timeout=30)
            said.update(json.loads(out.splitlines()[-1]))
        finally:
            writer.kill()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_writer_never_waits(journal: str, history: History, tmp_path: Path) -> None:
    """A pipeline that writes during an ingest waits less than a second, and one moment of its history is loaded."""
    source = Path(shutil.copy(history.path, tmp_path / "live.db"))
    with closing(sqlite3.connect(source)) as connection:
        assert connection.execute(f"pragma journal_mode = {journal}").fetchone() == (journal,)
    database = tmp_path / "report.db"
    with writing(source) as said:
        ingest(source, "--db", database, scratch=tmp_path / "scratch")
    assert said["complaints"] == []
    found = shown(database)["live"]
    with closing(sqlite3.connect(database)) as connection:
        stories = connection.execute("select source_key from stories where source_key like 'LIVE-%'").fetchall()
        steps = dict(
            connection.execute("""
                select stories.source_key, count(*)
                from step_runs
                join stories on stories.id = step_runs.story_id
                where stories.source_key like 'LIVE-%'
                group by 1""").fetchall()
        )
    loaded = len(stories)
    # Whole transactions, and those from the first one on.
    assert 1 <= loaded <= said["done"]
    assert {key for (key,) in stories} == {f"LIVE-{number}" for number in range(loaded)}
    assert steps == {f"LIVE-{number}": 2 for number in range(loaded)}
    assert found["stories"] == history.totals["stories"] + loaded
    assert found["step_runs"] == history.totals["step_runs"] + 2 * loaded
    assert found["total_ms"] == history.totals["total_ms"] + 2 * loaded
    # What was written meanwhile comes with the next ingest.
    ingest(source, "--db", database, scratch=tmp_path / "scratch")
    assert shown(database)["live"]["step_runs"] == history.totals["step_runs"] + 2 * said["done"]


def test_a_file_that_cannot_be_copied_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses to copy what is locked, half-way even, SQLite copies it."""

    def refused(_: Path, copy: Path) -> None:
        copy.write_bytes(b"half of it")
        raise PermissionError("locked")

    source = plant_history(tmp_path / "refused.db", 1000)
    monkeypatch.setattr(shutil, "copyfile", refused)
    (request,) = requests_for([source.path], None, None)
    ingest_here(tmp_path / "report.db", request)
    assert shown(tmp_path / "report.db") == {"refused": source.totals}


def test_a_file_that_gets_a_log_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the log is read, though there was none when the file was looked at."""
    source = plant_history(tmp_path / "late.db", 1000, "wal")
    with closing(sqlite3.connect(source.path, isolation_level=None)) as writer:
        writer.execute("insert into stories (story_id) values ('IN-THE-LOG')")
        (request,) = requests_for([source.path], None, None)
        monkeypatch.setattr(sqlite, "is_wal", lambda _: False)
        ingest_here(tmp_path / "report.db", request)
    assert shown(tmp_path / "report.db")["late"]["stories"] == source.totals["stories"] + 1


# (e) the source is only read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_source_at_rest_stays_as_it_is(journal: str, tmp_path: Path) -> None:
    """An ingest adds no file beside the source and changes no byte of it."""
    source = plant_history(tmp_path / "source" / "rest.db", 1000, journal)
    before, times = files_of(source.path.parent), source.path.stat().st_mtime_ns
    assert before.keys() == {"rest.db"}
    for _ in range(2):
        ingest(source.path, "--db", tmp_path / "report.db", scratch=tmp_path / "scratch")
    ingest(source.path, "--full", "--db", tmp_path / "report.db", scratch=tmp_path / "scratch")
    assert files_of(source.path.parent) == before
    assert source.path.stat().st_mtime_ns == times
    assert shown(tmp_path / "report.db") == {"rest": source.totals}


def test_a_source_with_an_open_log_stays_as_it_is(tmp_path: Path) -> None:
    """The log of a running writer is read, and neither emptied nor taken away."""
    source = plant_history(tmp_path / "source" / "open.db", 1000, "wal")
    with closing(sqlite3.connect(source.path, isolation_level=None)) as writer:
        writer.execute("insert into stories (story_id) values ('IN-THE-LOG')")
        before = files_of(source.path.parent)
        assert before.keys() == {"open.db", "open.db-wal", "open.db-shm"}
        ingest(source.path, "--db", tmp_path / "report.db", scratch=tmp_path / "scratch")
        after = files_of(source.path.parent)
    # The shared memory file is where readers say that they read.
    assert after.keys() == before.keys()
    assert {**after, "open.db-shm": ""} == {**before, "open.db-shm": ""}
    assert shown(tmp_path / "report.db")["open"]["stories"] == source.totals["stories"] + 1


@pytest.mark.parametrize("is_dead", [False, True])
@with_links
def test_a_log_is_found_through_a_link(is_dead: bool, tmp_path: Path) -> None:
    """What is in the log alone is read through a link too, and a change there is noticed."""
    tracker = Tracker(tmp_path / "source" / "real.db", "wal")
    tracker.connection.execute("pragma wal_autocheckpoint = 0")
    tracker.register("S1")
    place = tmp_path / "source"
    database = tmp_path / "report.db"
    for stories in (1, 2):
        if is_dead:
            place = tmp_path / f"dead-{stories}"
            place.mkdir()
            for name in ("real.db", "real.db-wal"):
                shutil.copy(tmp_path / "source" / name, place)
        link = tmp_path / "link.db"
        link.unlink(missing_ok=True)
        link.symlink_to(place / "real.db")
        ingest_here(database, requests_for([link], "tracked", None)[0])
        assert shown(database)["tracked"]["stories"] == stories
        tracker.register("S2")
    tracker.close()


def test_a_source_whose_writer_died_stays_as_it_is(tmp_path: Path) -> None:
    """The log that a dead writer left is read and stays, and no shared memory file is added to it."""
    source = plant_history(tmp_path / "alive" / "dead.db", 1000, "wal")
    (tmp_path / "source").mkdir()
    with closing(sqlite3.connect(source.path, isolation_level=None)) as writer:
        writer.execute("insert into stories (story_id) values ('IN-THE-LOG')")
        for name in ("dead.db", "dead.db-wal"):
            shutil.copy(source.path.with_name(name), tmp_path / "source" / name)
    before = files_of(tmp_path / "source")
    ingest(tmp_path / "source" / "dead.db", "--db", tmp_path / "report.db", scratch=tmp_path / "scratch")
    assert shown(tmp_path / "report.db")["dead"]["stories"] == source.totals["stories"] + 1
    assert files_of(tmp_path / "source") == before


def test_folders_stay_as_they_are(tmp_path: Path) -> None:
    """A project's folders and their files are the same after an ingest."""
    project = tmp_path / "project"
    plant_small(project / "data" / "pipeline_stories.db")
    (project / "outputs" / "01_ingest").mkdir(parents=True)
    (project / "outputs" / "01_ingest" / "S1.json").write_text('{"title": "One"}', encoding="utf-8")
    folders = (project, project / "data", project / "outputs", project / "outputs" / "01_ingest")
    before = [(files_of(folder), folder.stat().st_mtime_ns) for folder in folders]
    ingest(project, "--db", tmp_path / "report.db", scratch=tmp_path / "scratch")
    assert [(files_of(folder), folder.stat().st_mtime_ns) for folder in folders] == before
    assert shown(tmp_path / "report.db")["project"]["stories"] == SMALL["stories"]
