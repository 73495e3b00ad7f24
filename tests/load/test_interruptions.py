"""Killed and stopped ingests, and readers meanwhile: the report database holds whole ingests."""

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

import pytest
from helpers.interruptions import (
    FEWER_ROWS,
    ROWS,
    SMALL,
    History,
    files_of,
    finish,
    ingest,
    one,
    plant_small,
    row_counts,
    shown,
    start,
    wait_for_work,
)
from helpers.platforms import on_posix

from storyreport.schema import CACHE_KIB

KILLS = 12
# The exit code of a process that was killed.
KILLED = -signal.SIGKILL if os.name == "posix" else 1
SEED = 20260310


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
    assert measured.stat().st_size > CACHE_KIB * 1024, "what is not committed yet is on disk already"
    measured.unlink()
    return Prepared(database, seconds)


# (a) killed --------------------------------------------------------------------------------------------------------


def test_a_killed_ingest_leaves_the_last_whole_one(history: History, prepared: Prepared, tmp_path: Path) -> None:
    """Killed at any of twelve moments, an ingest is not there at all, and running it again completes it."""
    chance = random.Random(SEED)
    # All over the run, each twelfth of the square root of its time has one: the early ones are cheap.
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
            assert code == KILLED, err
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


@pytest.mark.parametrize("place", range(6))
@on_posix
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
