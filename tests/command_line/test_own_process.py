"""What tests ask in their own process, a process of its own answers in the same words, with the same exit code."""

import shutil
from pathlib import Path

import pytest
from helpers.command_line import ASKING, in_its_own_process, in_this_process

# Each command that asks, and each kind of failure.
CASES = (
    "report slowest_steps",
    "report story_status -p story=S1 --csv",
    "report cost -p source=nobody --json",
    "report no_such_report",
    "report cost --format no_such_format",
    "report cost --db missing.db",
    "report cost --db notes.db",
    "stats --format json",
    "status S1",
    "status nobody",
    "sources",
    "sources rename nobody somebody",
    "diagnose --story S1",
    "digest --period 7d",
    "check --limit nonsense",
    "check --limit failures>0",
    "doctor",
    "doctor --no-such-option",
    "ack no_such_check",
    "ack failed_stories --reason known",
    "note an_event",
)


def test_every_command_is_compared() -> None:
    assert {case.split()[0] for case in CASES} == ASKING


@pytest.mark.parametrize("case", CASES)
def test_it_says_the_same(case: str, ingested: Path, tmp_path: Path) -> None:
    """Beside a report database of a small pipeline, and a file that is none."""
    answers = []
    for name, run in {"here": in_this_process, "there": in_its_own_process}.items():
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(ingested, folder / "storyreport.db")
        (folder / "notes.db").write_text("These are my notes. " * 100, encoding="utf-8")
        done = run(*case.split(), cwd=folder)
        answers.append((done.returncode, done.stdout, done.stderr))
    assert answers[0] == answers[1]
    assert answers[0][1] or answers[0][2]
