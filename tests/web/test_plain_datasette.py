"""A Datasette that is started by itself, as docs/publishing.md says: any file name, immutable, mounted read-only."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
from helpers import ROOT
from helpers.browsing import check, marks, needs_browser, opened
from helpers.command_line import environment
from helpers.serving import WRITE_TOTAL, fill
from selenium import webdriver

# In a namespace of its own, so that nobody else sees the mount.
READ_ONLY = ("unshare", "-rm", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"')


@contextmanager
def plain(path: Path, *options: str, prefix: Sequence[str] = ()) -> Iterator[str]:
    """The address of `datasette serve` with our folders."""
    folders = ["-m", "metadata.yml", "--plugins-dir", "plugins", "--template-dir", "templates"]
    command = [*prefix, sys.executable, "-m", "datasette", "serve", *options, str(path), *folders]
    command += ["--static", "static:static", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment()) as server:
        assert server.stderr
        said = ""
        try:
            while line := server.stderr.readline():
                said += line
                if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                    yield found[1]
                    return
            raise AssertionError(said)
        finally:
            server.terminate()


def got(address: str) -> tuple[int, str]:
    """The status and the text of an address."""
    try:
        with urllib.request.urlopen(address) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def read_only(folder: Path) -> list[str]:
    """What a command begins with so that it finds the folder mounted read-only."""
    if shutil.which("unshare") and subprocess.run([*READ_ONLY, folder, "true"], check=False).returncode == 0:
        return [*READ_ONLY, str(folder)]
    folder.chmod(0o555)
    return []


@pytest.fixture(params=["as it grows", "immutable", "read-only"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A server of a report database that is not called storyreport."""
    path = tmp_path / "data" / "My history.v2.db"
    path.parent.mkdir()
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("insert or replace into secrets (name, value) values ('key', 'hidden-value')")
        connection.execute("pragma wal_checkpoint(truncate)")
    options = ["-i"] if request.param == "immutable" else []
    with plain(path, *options, prefix=read_only(path.parent) if request.param == "read-only" else ()) as found:
        yield found
    path.parent.chmod(0o755)


def test_pages_and_data(address: str) -> None:
    """Reports are at their usual addresses; no secret is there."""
    status, page = got(f"{address}/storyreport/slowest_steps")
    assert status == 200
    assert "Slowest steps" in page
    rows = json.loads(got(f"{address}/storyreport/slowest_steps.json")[1])["rows"]
    assert WRITE_TOTAL in [row["total_ms"] for row in rows]
    assert got(f"{address}/storyreport/stories")[0] == 200
    assert got(f"{address}/My%20history.v2/stories")[0] == got(f"{address}/My~20history~2Ev2/stories")[0] == 404
    for name in ("storyreport", "My~20history~2Ev2"):
        assert "hidden-value" not in got(f"{address}/{name}/secrets.json?_shape=array")[1]
    assert got(f"{address}/vega/vega.js")[0] == 200
    assert got(f"{address}/vega/..%2F__init__.py")[0] == 404


@needs_browser
def test_charts_are_drawn(address: str, browser: webdriver.Chrome) -> None:
    """By the scripts of our own addresses."""
    opened(browser, f"{address}/storyreport/slowest_steps")
    check(browser)
    assert marks(browser) > 0


def test_databases_of_others_keep_their_names(tmp_path: Path) -> None:
    """What is no report database is served as it is, and of two report databases one has the name."""
    other, first, second = tmp_path / "other.db", tmp_path / "first.db", tmp_path / "second.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("create table things (name text)")
    fill(first)
    fill(second)
    with plain(other, str(first), str(second)) as address:
        assert got(f"{address}/other/things")[0] == 200
        assert got(f"{address}/storyreport/cost")[0] == 200
        assert got(f"{address}/first")[0] == 404
