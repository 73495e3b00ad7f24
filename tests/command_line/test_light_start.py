"""What a command does not need is not imported: a script that calls it many times waits for little but Python."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.command_line import environment, storyreport

# Each takes as long to import as Python to start, or longer.
HEAVY = (
    "sqlite3",
    "yaml",
    "zoneinfo",
    "datasette",
    "sqlite_utils",
    "genai_prices",
    "csv",
    "asyncio",
    "html",
    "tomllib",
)
SCRIPT = """
import atexit, json, os, sys
atexit.register(lambda: os.write(2, json.dumps(sorted(sys.modules)).encode()))
sys.argv = ["storyreport", *sys.argv[1:]]
from storyreport.__main__ import main
main()
"""


def imported(folder: Path, *arguments: str, **variables: str) -> tuple[int, set[str]]:
    """The exit code of a command, and all modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, set(json.loads(done.stderr[done.stderr.rindex("[") :]))


@pytest.mark.parametrize(
    "arguments",
    [
        "--version",
        "--help",
        "-h",
        "ingest --help",
        "serve -h",
        "report --help",
        "report",
        "report stuck_runs --help",
        "record step --help",
        "user add -h",
        "record step write --duration-s 3",
        "record call --model m1",
        "run nightly --story A -- true",
        "run nightly -- sh -c 'exit'",
    ],
)
def test_not_even_the_command_line_is_built(arguments: str, tmp_path: Path) -> None:
    """Version, help, a record and a run are done without click, which takes three times as long as Python."""
    code, modules = imported(tmp_path, *arguments.replace("'", "").split())
    assert code == 0
    assert modules & {"click", *HEAVY} == set()


@pytest.mark.parametrize("words", ["storyreport in", "storyreport report slo", "storyreport report cost -p pro"])
def test_completion_builds_nothing(words: str, tmp_path: Path) -> None:
    """Commands, reports and parameters are completed without click, and without reading the reports."""
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    code, modules = imported(tmp_path, _STORYREPORT_COMPLETE="bash_complete", **variables)
    assert code == 0
    assert modules & {"click", *HEAVY} == set()


@pytest.mark.parametrize(
    ("arguments", "code", "room"),
    [
        ("record step write --duration-s -1", 2, "commands.record"),
        ("run nightly", 2, "commands.record"),
        ("check --format nothing", 2, "commands.check"),
        ("token nothing", 2, "commands.access"),
        ("nothing", 2, ""),
    ],
)
def test_only_the_command_is_built(arguments: str, code: int, room: str, tmp_path: Path) -> None:
    """Wrong usage is said without what the commands work with, and without the modules of other commands."""
    found, modules = imported(tmp_path, *arguments.split())
    assert found == code
    assert modules & set(HEAVY) == set()
    others = {f"commands.{name}" for name in ("serve", "ingest", "record", "check", "access", "snapshot")} - {room}
    assert modules & {f"storyreport.{name}" for name in others} == set()


def test_a_plain_run_is_that_of_the_command_line(tmp_path: Path) -> None:
    """Options before the name take the long way: exit code, output and record are the same."""
    for number, arguments in enumerate((["step", "--story", "A"], ["--story", "A", "step"])):
        done = storyreport("run", *arguments, "--", "sh", "-c", "echo out; echo bad >&2; exit 3", cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "bad\n")
        lines = (tmp_path / "storyreport-recorded" / "steps.jsonl").read_text(encoding="utf-8").splitlines()
        begun, ended = map(json.loads, lines[2 * number :])
        assert (begun["step"], begun["story"], begun["status"]) == ("step", "A", "running")
        assert (ended["id"], ended["status"], ended["error"]) == (begun["id"], "failed", "exit code 3: bad")


def test_a_run_that_cannot_be_named_runs_nothing(tmp_path: Path) -> None:
    """One sentence, exit code 2, and the command was not started."""
    done = storyreport("run", " ", "--", "touch", "made", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "Error: step must be a text, not ' '.\n")
    assert not (tmp_path / "made").exists()
