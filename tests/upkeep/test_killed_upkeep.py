"""Commands of upkeep that are killed: the database is that of before or after, and the next run ends the work.

Longer, at random instants and for all commands: `python -m fuzz.kills`.
"""

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from helpers.command_line import environment, ok
from helpers.interruptions import plant_history

from storyreport.upkeep.doctor import examine

COMMANDS = {
    "scrub": ("scrub",),
    "prune": ("prune", "--older-than", "1d"),
    "optimize": ("optimize",),
    "reprice": ("reprice",),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report database of a history of some thousand rows."""
    folder = tmp_path_factory.mktemp("whole")
    history = plant_history(folder / "studio.db", 20_000)
    ok("ingest", history.path, "--db", "report.db", cwd=folder)
    return folder / "report.db"


def started(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "storyreport", *arguments, "--db", "report.db"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_kill_loses_nothing(command: str, whole: Path, tmp_path: Path) -> None:
    """At three instants of its work, which are those of a run that was timed."""
    shutil.copy(whole, tmp_path / "report.db")
    begun = time.monotonic()
    started(tmp_path, *COMMANDS[command]).wait(timeout=120)
    usual_s = time.monotonic() - begun
    for share in (0.4, 0.7, 0.9):
        shutil.copy(whole, tmp_path / "report.db")
        process = started(tmp_path, *COMMANDS[command])
        time.sleep(usual_s * share)
        process.kill()
        process.wait(timeout=30)
        with closing(sqlite3.connect(tmp_path / "report.db")) as connection:
            assert connection.execute("pragma quick_check").fetchall() == [("ok",)]
            # Stories are never pruned.
            assert connection.execute("select count(*) from stories").fetchone()[0] > 0
        ok(*COMMANDS[command], "--db", "report.db", cwd=tmp_path)
        assert examine(tmp_path / "report.db") == []
        for beside in tmp_path.glob("report.db-*"):
            beside.unlink()
