"""What the pages say of one run or story, at the prompt."""

from pathlib import Path

import pytest
from helpers import adventure
from helpers.command_line import loaded, ok, storyreport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A report database of a choose-your-own-adventure service."""
    loaded(adventure.write(tmp_path / "games.db"), cwd=tmp_path)
    return tmp_path


def test_a_run(folder: Path) -> None:
    """A failed job: its status, why, and what to do about it, as the report has it."""
    said = ok("diagnose", "--run", "j-failed", cwd=folder)
    titles = [
        line for line, below in zip(said.splitlines(), said.splitlines()[1:], strict=False) if below.startswith("==")
    ]
    assert titles[:2] == ["Status", "Diagnosis"]
    report = ok("report", "run_diagnosis", "-p", "run=j-failed", cwd=folder)
    # What is left out may be had from the report, not here.
    assert report.partition("\nNot shown:")[0] in said
    assert "No answer" in said
    assert [line.split() for line in said.splitlines() if "j-running" in line] == [["next", "run", "j-running"]]


def test_a_story(folder: Path) -> None:
    """Sections without rows say so, or are left out."""
    said = ok("diagnose", "--story", "1", "--source", "games", cwd=folder)
    assert "\nFailure\n=======\nNot failed.\n" in said
    assert "\nTree\n====\n" in said
    assert "Files that do not match" not in said


def test_what_is_not_known(folder: Path) -> None:
    """Near keys are named; one of the two must be given."""
    done = storyreport("diagnose", "--run", "j-fainted", cwd=folder)
    assert (done.returncode, done.stderr) == (2, "Error: There is no run 'j-fainted': did you mean j-failed?\n")
    done = storyreport("diagnose", "--run", "j-failed", "--source", "gamez", cwd=folder)
    assert (done.returncode, done.stderr) == (2, "Error: There is no source 'gamez': did you mean games?\n")
    done = storyreport("diagnose", cwd=folder)
    assert (done.returncode, done.stderr) == (2, "Error: Name one run with --run, or one story with --story.\n")
