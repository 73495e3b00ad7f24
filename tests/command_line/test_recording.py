"""Rows that scripts record: from many processes at once, with impossible values refused, and commands as runs."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from helpers.cli_cases import assert_one_sentence, unchanged
from helpers.command_line import built_help, environment, ok, storyreport
from helpers.platforms import on_posix
from helpers.report_database import ask

from storyreport import record
from storyreport.errors import UsageError
from storyreport.sources import systems


def recorded(folder: Path, kind: str = "steps") -> list[dict[str, Any]]:
    """The rows that were recorded beside the folder's report database."""
    path = folder / "storyreport-recorded" / f"{kind}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("option", ["--called-at", "--currency"])
def test_the_example_of_a_help_text_can_be_recorded(option: str, tmp_path: Path) -> None:
    """What `record call --help` gives as an example is taken."""
    example = built_help("record", "call").split(f" {option} ")[1].split("such as ")[1].split(".")[0]
    ok("record", "call", "--model", "m", option, example, cwd=tmp_path)
    assert example == example.upper()


# One of twenty that fork fifty processes, one after the other; each records a row of its own length.
FORKING = """
import os, sys
from storyreport import record
for number in range(int(sys.argv[1]), 1000, 20):
    child = os.fork()
    if child == 0:
        record.step("write", id=f"p{number}", error="x" * (number * 7 % 5000 + 1), database="storyreport.db")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@on_posix
def test_a_thousand_processes_lose_nothing(tmp_path: Path) -> None:
    """Twenty at once, each a process of its own: every line is whole and there."""
    running = [
        subprocess.Popen([sys.executable, "-c", FORKING, str(number)], cwd=tmp_path, env=environment())
        for number in range(20)
    ]
    assert [process.wait(timeout=60) for process in running] == [0] * 20
    found = {row["id"]: len(row["error"]) for row in recorded(tmp_path)}
    assert found == {f"p{number}": number * 7 % 5000 + 1 for number in range(1000)}
    assert len(recorded(tmp_path)) == 1000


def test_commands_at_once(tmp_path: Path) -> None:
    """The command line is as safe, and `ingest` loads all of it."""
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: ok("record", "step", "write", "--story", f"S{n}", cwd=tmp_path), range(40)))
    ok("record", "call", "--model", "m1", "--cost", "0.5", "--currency", "USD", "--step", "write", cwd=tmp_path)
    assert "recorded: 41 rows read" in ok("ingest", cwd=tmp_path)
    database = tmp_path / "storyreport.db"
    assert ask(database, "select count(*), count(distinct source_key) from stories") == [(40, 40)]
    assert ask(database, "select cost, currency from calls") == [(0.5, "USD")]
    assert ask(database, "select distinct name, system from sources") == [("recorded", "steps")]


def test_a_record_needs_little(tmp_path: Path) -> None:
    """Neither click nor YAML nor SQLite is imported, so that it takes milliseconds."""
    script = (
        "import sys; sys.argv = ['storyreport', 'record', 'step', 'write', '--duration-s', '3'];"
        "from storyreport.__main__ import main; main();"
        "print([name for name in ('click', 'yaml', 'sqlite3', 'datasette') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    (row,) = recorded(tmp_path)
    assert (row["step"], row["duration_s"]) == ("write", 3)


def test_fields_are_those_of_the_plain_formats() -> None:
    """Nothing can be recorded that is not loaded."""
    tables = systems()["steps"].parts["database"].tables
    assert set(record.FIELDS["step"]) <= set(tables["step_runs"].columns)
    assert set(record.FIELDS["call"]) <= set(tables["calls"].columns)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["step", "write", "--duration-s", "-3"], "duration_s must be a number, not negative"),
        (["step", "write", "--duration-ms", "nan"], "duration_ms"),
        (["step", "write", "--status", "done"], "status must be one of"),
        (["step", "write", "--started-at", "2026-02-30T10:00:00Z"], "started_at must be a time"),
        (["step", "write", "--started-at", "2026-02-03T10:00:00Z", "--ended-at", "2026-02-03T09:00:00Z"], "is before"),
        (["step", "write", "--status", "running", "--ended-at", "2026-02-03"], "has not ended"),
        (["step", " "], "step must be a text"),
        (["step", "write", "--attempt", "1.5"], "attempt must be a whole number"),
        (["step", "write", "--attempt", "0"], "attempt must be a whole number, 1 or more"),
        (["call", "--cost", "1"], "needs a provider or a model"),
        (["call", "--model", "m", "--cost", "free"], "cost must be a number"),
        (["call", "--model", "m", "--currency", "dollars"], "currency must be"),
    ],
)
def test_impossible_values_write_nothing(arguments: list[str], said: str, tmp_path: Path) -> None:
    """Exit code 2, one sentence, no row; the same error from Python."""
    with unchanged(tmp_path):
        done = storyreport("record", *arguments, cwd=tmp_path)
        assert_one_sentence(done, 2)
    assert said in done.stderr


def test_the_python_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It returns the row's id, takes the database of the environment, and knows its fields."""
    monkeypatch.setenv("STORYREPORT_DB", str(tmp_path / "storyreport.db"))
    key = record.step("write", story="A", acceptance_passed=True, started_at="2026-03-01T10:00:00Z", duration_ms=5)
    record.step("write", id=key, status="failed", ended_at="2026-03-01T10:00:01Z")
    record.call(provider="openai", input_tokens=3)
    assert [row["id"] for row in recorded(tmp_path)] == [key, key]
    assert recorded(tmp_path)[0]["acceptance_passed"] == 1
    assert recorded(tmp_path, "calls")[0]["input_tokens"] == 3
    with pytest.raises(UsageError, match="no field 'stroy'"):
        record.step("write", stroy="A")


def test_a_wrapped_command_is_a_run(tmp_path: Path) -> None:
    """Its output and exit code are the command's; the run has start, end and the redacted end of stderr."""
    script = (
        "import sys; print('out'); print('api_key=sk-abcdefghijklmnopqrstuvwx1234 rejected', file=sys.stderr);"
        "sys.exit(4)"
    )
    done = storyreport(
        "run", "nightly", "--story", "A", "--run", "n1", "--", sys.executable, "-c", script, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (4, "out\n")
    assert "rejected" in done.stderr
    first, last = recorded(tmp_path)
    assert (first["status"], last["status"], last["run"], last["story"]) == ("running", "failed", "n1", "A")
    assert last["error"].startswith("exit code 4: ")
    assert "rejected" in last["error"]
    assert "sk-abc" not in json.dumps(recorded(tmp_path))
    inner = "from storyreport import record; record.step('inner')"
    ok("run", "outer", "--run", "n2", "--", sys.executable, "-c", inner, cwd=tmp_path)
    assert [row["run"] for row in recorded(tmp_path) if row["step"] == "inner"] == ["n2"]
    ok("ingest", cwd=tmp_path)
    status = json.loads(ok("status", "n1", "--format", "json", cwd=tmp_path))
    assert (status["status"], [step["status"] for step in status["steps"]]) == ("failed", ["failed"])


def test_a_command_that_cannot_start(tmp_path: Path) -> None:
    """Exit code 127, recorded as failed."""
    done = storyreport("run", "nightly", "--", "./nosuch", cwd=tmp_path)
    assert_one_sentence(done, 127)
    assert [row["status"] for row in recorded(tmp_path)] == ["running", "failed"]


@on_posix
def test_a_signal_ends_the_command_and_is_recorded(tmp_path: Path) -> None:
    """SIGTERM is handed on; the exit code is 128 and its number."""
    command = [sys.executable, "-m", "storyreport", "run", "long", "--", "sleep", "60"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment()) as process:
        path = tmp_path / "storyreport-recorded" / "steps.jsonl"
        while not path.exists():
            time.sleep(0.02)
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=30) == 143
    assert recorded(tmp_path)[-1]["status"] == "failed"
