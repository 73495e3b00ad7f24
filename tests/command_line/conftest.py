"""Fixtures for the tests of this folder."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from helpers.cli_cases import plant
from helpers.command_line import ok
from helpers.demo_sources import NOWS, WORKFLOW_COLUMNS, exported, shown

from storyreport.demo import write_sources


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report database with the planted source "earlier", to be copied."""
    folder = tmp_path_factory.mktemp("ingested")
    ok("ingest", plant(folder / "earlier.db"), "--db", "report.db", cwd=folder)
    return folder / "report.db"


@pytest.fixture
def report_db(ingested: Path, tmp_path: Path) -> Path:
    """A report database of this test's own, alone in its folder."""
    (tmp_path / "reports").mkdir()
    return Path(shutil.copy(ingested, tmp_path / "reports" / "report.db"))


@pytest.fixture(params=["with a report database", "without one"])
def any_db(request: pytest.FixtureRequest, report_db: Path) -> Path:
    """Where the report database is, or would be."""
    if request.param == "without one":
        report_db.unlink()
    return report_db


@pytest.fixture
def without_rights() -> tuple[str, ...]:
    """What to put before a command so that file permissions hold for it, even where the tests run as root."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions are others on Windows")
    if os.geteuid() != 0:
        return ()
    # Another user could not read an interpreter below /root; root without these capabilities can.
    if not shutil.which("setpriv"):
        pytest.skip("root without setpriv (util-linux) may read every file")
    dropped = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", "--")


@pytest.fixture(scope="session", params=NOWS, ids=str)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, datetime]:
    pipeline, media, *_ = write_sources(tmp_path_factory.mktemp("demo"), request.param)
    return pipeline, media, request.param


@pytest.fixture(scope="session")
def later(
    written: tuple[Path, Path, datetime], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], datetime]:
    """The other systems' databases, those that exports are put into among them, and the time of the demo."""
    demo, scratch = written[0].parent, tmp_path_factory.mktemp("tables")
    tables = {
        "workflow": {name: exported(demo / f"taleservice/{name}.jsonl") for name in WORKFLOW_COLUMNS}
        | {"log": shown((demo / "taleservice/service.log").read_text(encoding="utf-8").splitlines())},
        "usage": {"gateway": exported(demo / "gateway.jsonl")},
    }
    for system, contents in tables.items():
        with closing(sqlite3.connect(scratch / system)) as connection, connection:
            for table, content in contents.items():
                connection.execute(f"create table {table} ({', '.join(content[0])})")
                values = [[json.dumps(v) if isinstance(v, dict | list) else v for v in row.values()] for row in content]
                connection.executemany(f"insert into {table} values ({', '.join('?' * len(values[0]))})", values)
    databases = {"sprint": demo / "sprint-runner.db", "adventure": demo / "adventure.db"}
    return databases | {system: scratch / system for system in tables}, written[2]
