"""Whatever happens during an ingest: the report database holds whole ingests, and the source is left alone."""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.tracker import Tracker

from storyreport.ingest import ingest as ingest_here
from storyreport.ingest import requests_for
from storyreport.readers import sqlite

ROWS = 300_000
FEWER_ROWS = 60_000
KILLS = 20
SEED = 20260310
# What `plant_small` makes, counted by hand.
SMALL = {"stories": 2, "step_runs": 3, "failed": 1, "executions": 3, "total_ms": 4200}
CORE = ("stories", "runs", "step_runs", "artifacts", "calls", "events", "rejects", "ingests", "sources")
# Inserts a story and its two steps in one transaction, again and again until its stdin is closed; then says how long it
# ever waited, how many transactions it did and what SQLite complained of. The wait is that for locks: this disk's
# fsync is none of an ingest's business.
WRITER = """
import json, select, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=1, isolation_level=None)
connection.execute("pragma synchronous = off")
done, longest, complaints = 0, 0.0, []
while not select.select([sys.stdin], [], [], 0.05)[0]:
    begun = time.monotonic()
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
    longest = max(longest, time.monotonic() - begun)
    if done == 1:
        print("writing", flush=True)
print(json.dumps({"done": done, "longest": longest, "complaints": complaints}))
"""
# What a folder's files hold.
HASHES = """
import hashlib, json, pathlib, sys
files = [path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_file()]
print(json.dumps({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}))
"""


@dataclass(frozen=True)
class History:
    """A source, and what a whole ingest of it must show: counted by SQL on the source itself."""

    path: Path
    totals: dict[str, int]


def one(connection: sqlite3.Connection, sql: str, *values: object) -> int:
    """The one number that a query returns."""
    return int(connection.execute(sql, values).fetchone()[0] or 0)


def plant_small(path: Path) -> Path:
    """Two stories, two completed steps and a failed one."""
    tracker = Tracker(path)
    for story in ("S1", "S2"):
        tracker.register(story)
    tracker.end("S1", "01_ingest", "run-1", 1200)
    tracker.end("S2", "01_ingest", "run-2", 3000)
    tracker.end("S2", "02_preprocess", "run-2", 50, "failed", "Disk full")
    tracker.close()
    return path


def plant_history(path: Path, rows: int, journal: str = "delete") -> History:
    """A long history and its totals. Each of its step_status rows is the verdict on a row of the history."""
    tracker = Tracker(path, journal)
    tracker.fill(rows)
    tracker.close()
    with closing(sqlite3.connect(path)) as connection:
        history = "select {} from step_history"
        ended = "select {} from step_history where status in ('completed', 'failed')"
        totals = {
            "stories": one(connection, "select count(*) from stories"),
            "step_runs": one(connection, history.format("count(*)")),
            "failed": one(connection, history.format("sum(status = 'failed')")),
            "executions": one(connection, ended.format("count(*)")),
            "total_ms": one(connection, history.format("sum(execution_time_ms) filter (where status = 'completed')")),
        }
    assert totals["step_runs"] == rows
    return History(path, totals)


def shown(database: Path) -> dict[str, dict[str, int]]:
    """What a report database shows of each source, after it was checked to be whole."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        return {
            name: {
                "stories": one(connection, "select count(*) from stories where source_id = ?", source),
                "step_runs": one(connection, "select count(*) from step_runs where source_id = ?", source),
                "failed": one(
                    connection, "select count(*) from step_runs where source_id = ? and status = 'failed'", source
                ),
                "executions": one(
                    connection, "select sum(executions) from rollup_step_days where source_id = ?", source
                ),
                "total_ms": one(connection, "select sum(total_ms) from rollup_step_days where source_id = ?", source),
            }
            for source, name in connection.execute("select id, name from sources order by name").fetchall()
        }


def row_counts(database: Path) -> dict[str, int]:
    """How many rows of all sources each table has."""
    with closing(sqlite3.connect(database)) as connection:
        return {table: one(connection, f"select count(*) from {table}") for table in CORE}


def files_of(folder: Path) -> dict[str, str]:
    """The files of a folder and their content."""
    # Another process looks: to close a file here would give up this process's locks on it.
    done = subprocess.run([sys.executable, "-c", HASHES, str(folder)], capture_output=True, check=True)
    files: dict[str, str] = json.loads(done.stdout)
    return files


def start(*arguments: object, scratch: Path) -> "subprocess.Popen[str]":
    """Start an ingest whose temporary files go into `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name != "STORYREPORT_DB"}
    return subprocess.Popen(
        [sys.executable, "-m", "storyreport", "ingest", *map(str, arguments)],
        env={**kept, "TMPDIR": str(scratch), "SQLITE_TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """The exit code, stdout and stderr of an ingest that runs to its end."""
    with process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def ingest(*arguments: object, scratch: Path) -> str:
    """Run an ingest, which must succeed quietly; return what it printed."""
    code, out, err = finish(start(*arguments, scratch=scratch))
    assert (code, err) == (0, "")
    return out


@contextmanager
def serving(database: Path) -> Iterator[str]:
    """The address at which a report database is served by a process of its own."""
    command = [sys.executable, "-m", "storyreport", "serve", "--port", "0", "--db", str(database)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as server:
        try:
            assert server.stderr is not None
            said = server.stderr.readline()
            match = re.search(r"http://127\.0\.0\.1:\d+/", said)
            assert match, said
            yield match[0]
        finally:
            server.terminate()
            server.communicate(timeout=30)


@dataclass(frozen=True)
class Prepared:
    """A report database with the ingest of the small source, and how long that of the long history takes."""

    database: Path
    seconds: float

    def copy(self, folder: Path) -> Path:
        """A copy of the report database in a new folder."""
        folder.mkdir()
        return Path(shutil.copy(self.database, folder / "report.db"))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A history of 300,000 rows, not to be changed."""
    return plant_history(tmp_path_factory.mktemp("history") / "history.db", ROWS)


@pytest.fixture(scope="module")
def shorter(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A history that takes a second or two, not to be changed."""
    return plant_history(tmp_path_factory.mktemp("shorter") / "shorter.db", FEWER_ROWS)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, history: History) -> Prepared:
    """The report database before each interruption, and the measured time of a whole run."""
    folder = tmp_path_factory.mktemp("prepared")
    database = folder / "report.db"
    ingest(plant_small(folder / "small.db"), "--db", database, scratch=folder / "scratch")
    assert shown(database) == {"small": SMALL}
    assert files_of(folder).keys() == {"report.db", "small.db"}
    measured = Path(shutil.copy(database, folder / "measured.db"))
    begun = time.monotonic()
    ingest(history.path, "--db", measured, scratch=folder / "scratch")
    seconds = time.monotonic() - begun
    assert shown(measured) == {"small": SMALL, "history": history.totals}
    measured.unlink()
    return Prepared(database, seconds)


# (a) killed --------------------------------------------------------------------------------------------------------


def test_a_killed_ingest_leaves_the_last_whole_one(history: History, prepared: Prepared, tmp_path: Path) -> None:
    """Killed at any of twenty moments, an ingest is not there at all, and running it again completes it."""
    chance = random.Random(SEED)
    # All over the run, each twentieth of the square root of its time has one: the early ones are cheap.
    moments = [((place + chance.random()) / KILLS) ** 2 * prepared.seconds for place in range(KILLS)]
    before, counts, cut_short = {"small": SMALL}, row_counts(prepared.database), 0
    after = {**before, "history": history.totals}
    for number, moment in enumerate(moments):
        folder = tmp_path / str(number)
        database = prepared.copy(folder)
        process = start(history.path, "--db", database, scratch=folder / "scratch")
        time.sleep(moment)
        process.kill()
        code, _, err = finish(process)
        found = shown(database)
        if code == 0 or "history" in found:
            # The ingest was committed before the kill came: then it is there, all of it.
            assert found == after, moment
        else:
            assert code == -signal.SIGKILL, err
            assert found == before, moment
            assert row_counts(database) == counts, moment
            cut_short += 1
        if number < KILLS - 1:
            shutil.rmtree(folder)
    assert cut_short > 0
    ingest(history.path, "--db", database, scratch=folder / "scratch")
    assert shown(database) == after


def test_a_killed_ingest_into_a_new_database(shorter: History, tmp_path: Path) -> None:
    """What a killed first ingest leaves is no obstacle to the next one."""
    database = tmp_path / "report.db"
    process = start(shorter.path, "--db", database, scratch=tmp_path / "scratch")
    wait_for_work(process, tmp_path / "scratch")
    process.kill()
    finish(process)
    ingest(shorter.path, "--db", database, scratch=tmp_path / "scratch")
    assert shown(database) == {"shorter": shorter.totals}


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
    assert said["longest"] < 1
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


# (c) two at once ---------------------------------------------------------------------------------------------------


def test_two_sources_at_once_into_a_new_database(shorter: History, tmp_path: Path) -> None:
    """Two ingests of two sources that start together are both loaded whole."""
    other = plant_history(tmp_path / "other.db", FEWER_ROWS // 2)
    database = tmp_path / "report.db"
    both = [start(source.path, "--db", database, scratch=tmp_path / "scratch") for source in (shorter, other)]
    for process in both:
        code, out, err = finish(process)
        assert (code, err) == (0, "")
        assert " rows read, " in out
    assert shown(database) == {"other": other.totals, "shorter": shorter.totals}
    assert row_counts(database)["ingests"] == 2


def test_the_same_source_twice_at_once(shorter: History, tmp_path: Path) -> None:
    """Two ingests of one source that start together load it once; the later one finds nothing to do."""
    database = tmp_path / "report.db"
    both = [start(shorter.path, "--db", database, scratch=tmp_path / "scratch") for _ in range(2)]
    said = []
    for process in both:
        code, out, err = finish(process)
        assert (code, err) == (0, "")
        said.append("unchanged" in out)
    assert sorted(said) == [False, True]
    assert shown(database) == {"shorter": shorter.totals}


def test_many_small_ingests_at_once(tmp_path: Path) -> None:
    """Again and again, several processes make the same new report database: none fails, none is lost."""
    sources = [plant_small(tmp_path / f"source-{number}.db") for number in range(4)]
    for attempt in range(5):
        database = tmp_path / f"report-{attempt}.db"
        for process in [start(source, "--db", database, scratch=tmp_path / "scratch") for source in sources]:
            code, _, err = finish(process)
            assert (code, err) == (0, "")
        assert shown(database) == {source.stem: SMALL for source in sources}


def test_an_ingest_that_waits_for_one_that_fails(shorter: History, tmp_path: Path) -> None:
    """A failed first ingest takes nothing away from one that was waiting for it."""
    bad = Path(shutil.copy(shorter.path, tmp_path / "bad.db"))
    with closing(sqlite3.connect(bad)) as connection:
        connection.execute("update step_history set execution_time_ms = 'soon' where id = 5")
        connection.commit()
    good = plant_small(tmp_path / "small.db")
    database = tmp_path / "report.db"
    failing = start(bad, "--strict", "--db", database, scratch=tmp_path / "scratch")
    # It holds the write lock from before it copies the source.
    wait_for_work(failing, tmp_path / "scratch")
    waiting = start(good, "--db", database, scratch=tmp_path / "other scratch")
    assert finish(failing)[0] == 1
    code, _, err = finish(waiting)
    assert (code, err) == (0, "")
    assert shown(database) == {"small": SMALL}


# (d) a reader meanwhile --------------------------------------------------------------------------------------------


def test_a_reader_of_the_report_database(shorter: History, prepared: Prepared, tmp_path: Path) -> None:
    """A long read of the report database keeps its view, and the ingest does not wait for it."""
    database = prepared.copy(tmp_path / "reports")
    count = "select count(*) from step_runs"
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("begin")
        assert one(reader, count) == SMALL["step_runs"]
        ingest(shorter.path, "--db", database, scratch=tmp_path / "scratch")
        assert one(reader, count) == SMALL["step_runs"]
        reader.execute("commit")
        assert one(reader, count) == SMALL["step_runs"] + shorter.totals["step_runs"]
    assert shown(database) == {"shorter": shorter.totals, "small": SMALL}


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


def test_reports_are_served_while_an_ingest_runs(shorter: History, prepared: Prepared, tmp_path: Path) -> None:
    """No request fails meanwhile; each shows all of the ingest or nothing of it, and the first one after it all."""
    database = prepared.copy(tmp_path / "reports")
    steps = "storyreport/failure_rates.json?source=shorter"
    with serving(database) as address:

        def executions() -> int:
            with urllib.request.urlopen(address + steps, timeout=30) as response:
                return sum(row["executions"] for row in json.load(response)["rows"])

        assert executions() == 0
        process = start(shorter.path, "--db", database, scratch=tmp_path / "scratch")
        seen = []
        while process.poll() is None:
            seen.append(executions())
        assert finish(process)[0] == 0
        assert executions() == shorter.totals["executions"]
    assert set(seen) <= {0, shorter.totals["executions"]}
    assert seen[0] == 0


# (f) stopped by a person -------------------------------------------------------------------------------------------


def wait_for_work(process: "subprocess.Popen[str]", scratch: Path) -> None:
    """Wait until an ingest has begun to copy its source."""
    # Not with glob(), which fails where a folder goes meanwhile; nor in scratch itself, where tempfile tries things.
    while process.poll() is None and not any(files for folder, _, files in os.walk(scratch) if folder != str(scratch)):
        time.sleep(0.002)


@pytest.mark.parametrize("place", range(6))
def test_ctrl_c(place: int, shorter: History, prepared: Prepared, tmp_path: Path) -> None:
    """Ctrl-C at any moment ends an ingest without a traceback, and the report database is as before."""
    database = prepared.copy(tmp_path / "reports")
    before, counts = files_of(database.parent), row_counts(database)
    process = start(shorter.path, "--db", database, scratch=tmp_path / "scratch")
    wait_for_work(process, tmp_path / "scratch")
    # The time that this history takes goes with its rows; half of that, for the last one to come in time too.
    time.sleep(place / 6 * prepared.seconds * FEWER_ROWS / ROWS / 2)
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    assert "Traceback" not in err
    assert code != 0
    assert out == ""
    assert len(err.strip().splitlines()) <= 1
    assert shown(database) == {"small": SMALL}
    assert row_counts(database) == counts
    assert files_of(database.parent) == before
    assert list((tmp_path / "scratch").iterdir()) == []
