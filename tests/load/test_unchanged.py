"""An ingest of what has not changed is over before it begins; and nothing that has changed is taken for it."""

import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from helpers.platforms import with_links
from helpers.report_database import ask, change
from helpers.tracker import Tracker

from storyreport import evidence, unchanged
from storyreport.cli import cli

LONG_AGO = time.time() - 7 * 24 * 3600
HEADER = "run,step,status,started_at,ended_at\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in; files have settled as soon as they are written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("storyreport.evidence.SETTLED_NS", 0)
    return tmp_path


def ingest(*arguments: str) -> str:
    """Run `storyreport ingest` as the command line does, within this process; return which way it went."""
    if unchanged.answer(list(arguments)) is not None:
        return "at once"
    before = loaded()
    cli(["ingest", *arguments], obj=list(arguments), standalone_mode=False)
    return "read" if loaded() > before else "looked"


def loaded() -> int:
    """How many ingests have loaded something."""
    if not Path("storyreport.db").exists():
        return 0
    return int(ask(Path("storyreport.db"), "select count(*) from ingests where status = 'completed'")[0][0])


def steps(status: str = "completed") -> None:
    """Write a file of one step run."""
    Path("steps.csv").write_text(
        f"{HEADER}r1,draft,{status},2026-03-10T08:00:00Z,2026-03-10T08:01:00Z\n", encoding="utf-8"
    )


def statuses() -> list[str]:
    """The statuses in the report database."""
    return [status for (status,) in ask(Path("storyreport.db"), "select status from step_runs order by id")]


@pytest.mark.usefixtures("folder")
def test_unchanged() -> None:
    """It is noted in one row, however often it is looked at."""
    steps()
    assert [ingest("steps.csv") for _ in range(4)] == ["read", "at once", "at once", "at once"]
    assert ask(Path("storyreport.db"), "select status, rows_read from ingests") == [("completed", 1), ("unchanged", 0)]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("modified", [LONG_AGO, LONG_AGO + 10**9], ids=["past", "future"])
def test_same_size_and_time(modified: float) -> None:
    """Other bytes, and the time set back: the time of that change is the evidence."""
    steps()
    os.utime("steps.csv", (modified, modified))
    assert [ingest("steps.csv"), ingest("steps.csv")] == ["read", "at once"]
    steps("cancelled")
    os.utime("steps.csv", (modified, modified))
    assert ingest("steps.csv") == "read"
    assert statuses() == ["cancelled"]


@pytest.mark.usefixtures("folder")
def test_another_file_with_the_same_size_and_time(tmp_path: Path) -> None:
    """Restored from elsewhere: it has another inode."""
    steps()
    os.utime("steps.csv", (LONG_AGO, LONG_AGO))
    ingest("steps.csv")
    shutil.copy2("steps.csv", "restored.csv")
    Path("restored.csv").write_text(
        Path("steps.csv").read_text(encoding="utf-8").replace("completed", "cancelled"), encoding="utf-8"
    )
    os.utime("restored.csv", (LONG_AGO, LONG_AGO))
    os.replace("restored.csv", "steps.csv")
    assert ingest("steps.csv") == "read"
    assert statuses() == ["cancelled"]


def test_changed_within_a_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written just now might be written again under the same time: its bytes are the evidence."""
    monkeypatch.chdir(tmp_path)
    # However slow this machine is, what is written here has not settled.
    for module in ("evidence", "readers.part"):
        monkeypatch.setattr(f"storyreport.{module}.SETTLED_NS", 3600 * 10**9)
    steps()
    assert [ingest("steps.csv"), ingest("steps.csv")] == ["read", "looked"]
    states = evidence.states
    frozen = list(states("steps.csv"))
    monkeypatch.setattr("storyreport.readers.part.states", lambda place: iter(frozen))
    monkeypatch.setattr(
        "storyreport.unchanged.states", lambda place: iter(frozen) if "steps" in place else states(place)
    )
    steps("cancelled")
    assert ingest("steps.csv") == "read"
    assert statuses() == ["cancelled"]


@pytest.mark.usefixtures("folder")
def test_a_clock_that_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was changed in the future may be changed again at that very time."""
    steps()
    ingest("steps.csv")
    monkeypatch.setattr(time, "time_ns", lambda: int(LONG_AGO * 1e9))
    assert ingest("steps.csv") == "looked"


@pytest.mark.usefixtures("folder")
def test_a_database_in_place_of_another() -> None:
    """With the same rows, the same counter, the same time: it is looked at, and nothing is written."""
    with closing(sqlite3.connect("studio.db")) as connection:
        connection.executescript(
            "create table step_runs (id integer primary key, run text, step text, status text, started_at text);"
            "insert into step_runs values (1, 'r', 'draft', 'completed', '2026-03-10 08:00:00')"
        )
    os.utime("studio.db", (LONG_AGO, LONG_AGO))
    assert [ingest("studio.db"), ingest("studio.db")] == ["read", "at once"]
    shutil.copy2("studio.db", "other.db")
    os.replace("other.db", "studio.db")
    assert ingest("studio.db") == "read"
    assert ask(Path("storyreport.db"), "select inserted, updated, gone from ingests order by id desc")[0] == (0, 0, 0)
    change(Path("studio.db"), "update step_runs set status = 'failed'")
    os.utime("studio.db", (LONG_AGO, LONG_AGO))
    assert ingest("studio.db") == "read"
    assert statuses() == ["failed"]


@pytest.mark.usefixtures("folder")
def test_other_arguments() -> None:
    """What was read in another way since is read again in this one."""
    steps()
    Path("other.csv").write_text(Path("steps.csv").read_text(encoding="utf-8").replace("Z", ""), encoding="utf-8")
    assert ingest("other.csv", "--timezone", "Asia/Tokyo") == "read"
    assert ingest("other.csv", "--timezone=Asia/Tokyo") == "at once"
    assert ingest("other.csv", "--timezone", "Europe/Madrid") == "read"
    assert ingest("other.csv", "--timezone", "Asia/Tokyo") == "read"
    assert ingest("other.csv", "--timezone", "Asia/Tokyo", "--full") == "read"
    assert ingest("other.csv", "--timezone", "Asia/Tokyo", "--strict") == "looked"
    shutil.copy("other.csv", "copy.csv")
    assert ingest("copy.csv", "--name", "other") == "read"
    assert ingest("other.csv", "--timezone", "Asia/Tokyo") == "read"


@pytest.mark.usefixtures("folder")
@with_links
def test_a_folder() -> None:
    """A file below it that is changed, added or deleted is evidence; behind a link to a folder is none."""
    steps()
    os.makedirs("exports/old")
    os.rename("steps.csv", "exports/old/steps.csv")
    call = unchanged.Call(["exports"])
    assert call.evidence == unchanged.Call(["exports"]).evidence
    Path("exports/old/more.csv").write_text(HEADER, encoding="utf-8")
    more = unchanged.Call(["exports"]).evidence
    os.rename("exports/old/more.csv", "exports/old/less.csv")
    assert len({call.evidence, more, unchanged.Call(["exports"]).evidence}) == 3
    os.symlink(Path("exports/old").resolve(), "exports/new")
    with pytest.raises(unchanged.Doubt):
        unchanged.Call(["exports"])


@pytest.mark.usefixtures("folder")
def test_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program may read more of the same file."""
    steps()
    ingest("steps.csv")
    monkeypatch.setattr(sys, "version", "4.0")
    assert ingest("steps.csv") == "looked"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", ["-", "--help", "steps.csv --prices p.yaml", "postgresql://h/d", " "])
def test_what_is_always_looked_at(arguments: str) -> None:
    """Standard input, servers, and all that is asked for besides."""
    steps()
    assert unchanged.call_of(arguments.split(" ")) is None


@pytest.mark.usefixtures("folder")
def test_a_report_database_that_is_locked() -> None:
    """It is not waited for here: the ingest does, and says so."""
    steps()
    ingest("steps.csv")
    with closing(sqlite3.connect("storyreport.db", isolation_level=None)) as writer:
        writer.execute("begin immediate")
        assert unchanged.answer(["steps.csv"]) is None
    said = unchanged.answer(["steps.csv"])
    assert said is not None
    assert said.startswith("steps: unchanged, 0 rows written in ")


@pytest.mark.parametrize("place", ["studio.db", "."])
def test_a_log_that_somebody_only_opened(folder: Path, place: str) -> None:
    """SQLite gives a log to the owner of its file when root opens it: another change time, and nothing changed."""
    with closing(Tracker(folder / "studio.db", "wal")) as tracker:
        tracker.end("A", "01_ingest", "r1", 10)
        assert ingest(place, "--db", "../storyreport.db") == "looked"
        assert ingest(place, "--db", "../storyreport.db") == "at once"
        log = folder / "studio.db-wal"
        before = log.stat().st_ctime_ns
        log.chmod(log.stat().st_mode)
        assert log.stat().st_ctime_ns > before
        assert ingest(place, "--db", "../storyreport.db") == "at once"
        tracker.end("A", "02_preprocess", "r1", 10)
        assert ingest(place, "--db", "../storyreport.db") == "looked"


def test_one_source_is_noted_with_its_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one transaction: the report database is not opened once more, and a kill leaves both or neither."""
    (folder / "steps.csv").write_text("step,started_at\nwrite,2026-03-01T10:00:00Z\n", encoding="utf-8")
    monkeypatch.setattr(unchanged, "note", None)
    assert [ingest("steps.csv") for _ in range(2)] == ["read", "at once"]
