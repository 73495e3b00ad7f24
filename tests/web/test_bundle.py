"""`snapshot --bundle`: the folder, moved elsewhere, is served by the command of its Dockerfile."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import ROOT
from helpers.browsing import check, marks, needs_browser, opened
from helpers.cli_cases import assert_one_sentence, unchanged
from helpers.command_line import environment, ok, storyreport
from helpers.report_database import ask, change
from helpers.serving import WRITE_TOTAL, fill
from selenium import webdriver

OWN = """/*
title: Own report
description: A report of the user's.
topic: Mine
*/
select name from sources
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of planted rows with a report of the user's and a limit of the sources file, moved."""
    folder = tmp_path_factory.mktemp("bundle")
    fill(folder / "storyreport.db")
    change(folder / "storyreport.db", "insert into secrets (name, value) values ('key', 'hidden-value')")
    (folder / "mine").mkdir()
    (folder / "mine" / "own_report.sql").write_text(OWN, encoding="utf-8")
    (folder / "storyreport.toml").write_text("[health]\nsilent_minutes = 7\n", encoding="utf-8")
    ok("snapshot", "--bundle", "public", "--queries", "mine", cwd=folder)
    # Written again, nothing of the first one is in the way.
    ok("snapshot", "--bundle", "public", "--queries", "mine", cwd=folder)
    return Path(shutil.move(folder / "public", tmp_path_factory.mktemp("elsewhere") / "moved here"))


@pytest.fixture(scope="module")
def address(bundle: Path) -> Iterator[str]:
    """The address of the bundle as its image would serve it."""
    docker = (bundle / "Dockerfile").read_text(encoding="utf-8")
    (command,) = re.findall("^CMD (.*)$", docker, re.MULTILINE)
    variables = dict(re.findall("^ENV (\\w+)=(\\S+)$", docker, re.MULTILINE))
    kept = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with subprocess.Popen(
        ["sh", "-c", f"exec {command}"],
        cwd=bundle,
        env={**kept, **variables, "PORT": "0", "PATH": path},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr
        said = ""
        try:
            while line := server.stderr.readline():
                said += line
                if found := re.search(r"running on http://0\.0\.0\.0:(\d+)", line):
                    yield f"http://127.0.0.1:{found[1]}"
                    return
            raise AssertionError(said)
        finally:
            server.terminate()


def text(address: str) -> str:
    """What is at an address."""
    with urllib.request.urlopen(address) as response:
        content: str = response.read().decode()
        return content


def test_reports_are_served(address: str) -> None:
    """Ours and the user's, with the limits of the sources file: it is the bundle's own copy of the package."""
    assert f'"total_ms": {WRITE_TOTAL}' in text(f"{address}/storyreport/slowest_steps.json")
    assert '"name": "alpha"' in text(f"{address}/storyreport/own_report.json")
    assert 'value="7"' in text(f"{address}/storyreport/stuck_runs")
    assert "Own report" in text(f"{address}/-/reports")
    assert "/-/page/" in text(f"{address}/-/pages")


@needs_browser
def test_charts_are_drawn(address: str, browser: webdriver.Chrome) -> None:
    """With what the bundle has."""
    opened(browser, f"{address}/storyreport/slowest_steps")
    check(browser)
    assert marks(browser) > 0


def test_nothing_private_is_in_it(bundle: Path) -> None:
    """No key of hashes, no place of a source, no users; the database needs no log beside it."""
    assert ask(bundle / "storyreport.db", "select count(*) from secrets") == [(0,)]
    assert ask(bundle / "storyreport.db", "select location from inputs order by id") == [("alpha.db",), ("beta.db",)]
    assert b"hidden-value" not in (bundle / "storyreport.db").read_bytes()
    assert (bundle / "storyreport.db").read_bytes()[18:20] == b"\x01\x01"
    assert sorted(path.name for path in bundle.iterdir() if not path.name.startswith("storyreport.db-")) == [
        ".dockerignore", "Dockerfile", "README.md", "requirements.txt", "storyreport", "storyreport-snapshot.json",
        "storyreport.db",
    ]  # fmt: skip


def test_it_names_what_it_needs(bundle: Path) -> None:
    """As pyproject.toml does."""
    project = (
        (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("\ndependencies = [")[2].partition("\n]")[0]
    )

    def names(lines: list[str]) -> set[str]:
        return {re.split(r"[^\w-]", line)[0].lower() for line in lines}

    assert names((bundle / "requirements.txt").read_text().splitlines()) == names(
        re.findall(r'^    "(.*)",$', project, re.MULTILINE)
    )


def test_a_folder_with_other_things_stays(tmp_path: Path) -> None:
    """It is refused, as is a bundle of nothing."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    with unchanged(tmp_path):
        assert_one_sentence(storyreport("snapshot", "--bundle", "new", cwd=tmp_path), 1)
    fill(tmp_path / "storyreport.db")
    assert_one_sentence(storyreport("snapshot", "--bundle", "mine", cwd=tmp_path), 2)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
