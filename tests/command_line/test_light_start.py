"""What a command does not need is not imported: a script that calls it many times waits for little but Python."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.command_line import environment, storyreport

from storyreport.cli import cli
from storyreport.commands import loading

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


STEPS = "run,step,started_at\nr1,write,2026-03-01T10:00:00Z\n"


def test_a_plain_ingest_needs_no_click(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To build the command line takes a tenth of what an appended line costs."""
    monkeypatch.chdir(tmp_path)
    steps = tmp_path / "steps.csv"
    steps.write_text(STEPS, encoding="utf-8")
    # To lay out a new report database needs more.
    assert loading.quick(["steps.csv", "--db", "report.db"]) == 0
    steps.write_text(f"{STEPS}r1,edit,2026-03-01T11:00:00Z\n", encoding="utf-8")
    code, modules = imported(tmp_path, "ingest", "steps.csv", "--db", "report.db")
    assert code == 0
    assert "click" not in modules


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("steps.csv", 0),
        ("steps.csv --name=nightly --as steps", 0),
        ("none.csv", 1),
        ("--name x none.csv", 1),
        ("steps.csv none.csv", 3),
        ("steps.csv --as unknown", 2),
        ("http://steps", 2),
    ],
)
def test_a_plain_ingest_is_that_of_the_command_line(
    arguments: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without click: the same words, on the same streams, and the same exit code."""
    said: list[tuple[int | None, str, str]] = []
    for way in ("plain", "long"):
        folder = tmp_path / way
        folder.mkdir()
        (folder / "steps.csv").write_text(STEPS, encoding="utf-8")
        monkeypatch.chdir(folder)
        if way == "long":
            done = CliRunner().invoke(cli, ["ingest", *arguments.split(), "--wait", "60"])
            said.append((done.exit_code, done.stdout, done.stderr))
            continue
        try:
            found = loading.quick(arguments.split())
        except SystemExit as error:
            found = int(error.code or 0)
        said.append((found, *capsys.readouterr()))
    took = re.compile(r"in \d+\.\d s")
    plain, long = ([*map(took.sub, ("", ""), texts)] for _, *texts in said)
    assert plain == long
    assert [found for found, *_ in said] == [code, code]


@pytest.mark.parametrize(
    "arguments",
    ["", "--full steps.csv", "-", "steps.csv --db", "steps.csv --db -x", "--db . steps.csv", "-- steps.csv"],
)
def test_another_ingest_is_left_to_click(arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done about words that are not plain."""
    monkeypatch.chdir(tmp_path)
    assert loading.quick(arguments.split()) is None
