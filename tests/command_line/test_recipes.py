"""The recipes of docs/recipes: their commands run on a demo, their files are read by the tools that are there."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helpers import ROOT
from helpers.cli_cases import plant
from helpers.command_line import environment, ok, storyreport

RECIPES = ROOT / "docs" / "recipes"
PAGE = (RECIPES / "README.md").read_text(encoding="utf-8")
TEXTS = [PAGE, *(path.read_text(encoding="utf-8") for path in sorted(RECIPES.iterdir()) if path.suffix != ".md")]
# A command up to what a shell does with its output; what is in backquotes or quotes of JSON is found apart.
COMMAND = re.compile(r"(?:^|&& |env |run: |`|\+ )storyreport ((?:ingest|digest|check|report)\b[^|>`\n]*)", re.MULTILINE)
COMMANDS = sorted({found.strip() for text in TEXTS for found in COMMAND.findall(text)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source, its sources file, and a report database."""
    folder = tmp_path_factory.mktemp("recipes")
    plant(folder / "studio.db")
    ok("init", cwd=folder)
    ok("ingest", cwd=folder)
    return folder


def test_commands_are_found() -> None:
    """Of each of the recipes that have some."""
    assert {command.split()[0] for command in COMMANDS} == {"ingest", "digest", "check", "report"}
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command: str, folder: Path) -> None:
    """It succeeds; a gate may find something."""
    done = storyreport(*shlex.split(command), cwd=folder)
    assert done.returncode in ((0, 3) if command.startswith("check") else (0,)), done.stderr
    assert done.stderr == ""


def test_the_python_recipe(folder: Path) -> None:
    """It prints the number of rows: `plant` has two steps, long ago."""
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    script = script.replace('["storyreport"', f'["{sys.executable}", "-m", "storyreport"').replace(
        "since=28d", "since=2026-01"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "2\n"


def test_the_job_is_read() -> None:
    """GitHub's file is YAML with steps that run."""
    job = yaml.safe_load((RECIPES / "github-actions.yml").read_text(encoding="utf-8"))
    assert [step["run"].split()[0] for step in job["jobs"]["check"]["steps"] if "run" in step] == ["pip"] + 3 * [
        "storyreport"
    ]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """It finds nothing wrong with the timer and its service."""
    for name in ("storyreport-ingest.service", "storyreport-ingest.timer"):
        shutil.copy(RECIPES / name, tmp_path)
    units = [str(tmp_path / name) for name in ("storyreport-ingest.timer", "storyreport-ingest.service")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "storyreport" in line] == []


def test_the_files_are_named_on_the_page() -> None:
    """Each has its recipe, and each link its file."""
    assert set(re.findall(r"\]\(([\w.-]+)\)", PAGE)) == {path.name for path in RECIPES.iterdir()} - {"README.md"}
