"""What doctor says for scripts."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
from helpers import adventure
from helpers.command_line import ok, storyreport
from helpers.report_database import change


@pytest.fixture
def report_db(tmp_path: Path) -> Path:
    """A report database with one source."""
    ok("ingest", adventure.write(tmp_path / "games.db"), cwd=tmp_path)
    return tmp_path / "storyreport.db"


def test_a_healthy_database(report_db: Path, tmp_path: Path) -> None:
    """Versions, space, permissions and the age of the source."""
    said = json.loads(ok("doctor", "--json", cwd=tmp_path))
    assert (said["ok"], said["findings"]) == (True, [])
    assert said["versions"]["sqlite"] == sqlite3.sqlite_version
    about = said["database"]
    assert (about["path"], about["size_bytes"]) == (str(report_db), report_db.stat().st_size)
    assert about["disk_free_bytes"] > 0
    if os.name == "posix":
        assert (about["mode"], about["others_may_read"]) == ("0600", False)
        report_db.chmod(0o644)
        assert json.loads(ok("doctor", "--json", cwd=tmp_path))["database"]["others_may_read"] is True
    (source,) = said["sources"]
    assert (source["name"], source["system"], source["age_minutes"] in (0, 1)) == ("games", "adventure", True)


def test_findings(report_db: Path, tmp_path: Path) -> None:
    """With exit code 1; repaired ones are said to be."""
    change(report_db, "update rollup_steps set executions = executions + 1")
    done = storyreport("doctor", "--json", cwd=tmp_path)
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"]) == (1, False)
    assert {(each["table"], each["repairable"], each["repaired"]) for each in said["findings"]} == {
        ("rollup_steps", True, False)
    }
    repaired = json.loads(ok("doctor", "--json", "--repair", cwd=tmp_path))
    assert (repaired["ok"], repaired["findings"][0]["repaired"]) == (True, True)
    assert ok("doctor", cwd=tmp_path) == "all is well\n"
