"""Standard input and wrong usage: one sentence on stderr, and nothing changes."""

from pathlib import Path

import pytest
from helpers.cli_cases import assert_one_sentence, plant, rows_of, unchanged
from helpers.command_line import ok, storyreport

# Standard input -----------------------------------------------------------------------------------------------------

STEPS = "step,started_at,duration\ndraft,2026-03-01 10:00:00,90\n"


def locations(folder: Path) -> dict[str, str]:
    """Where each source was read from."""
    listed = rows_of(ok("sources", "--format", "json", cwd=folder))
    return {row["source"]: row["locations"] for row in listed}


def test_standard_input_is_called_so_and_no_file_is(tmp_path: Path) -> None:
    """What is piped in has no place of its own; a file that is called `stdin` has."""
    (tmp_path / "stdin").write_text(STEPS, encoding="utf-8")
    ok("ingest", "stdin", "--as", "steps", "--name", "file", cwd=tmp_path)
    assert storyreport("ingest", "-", "--as", "steps", cwd=tmp_path, typed=STEPS).returncode == 0
    assert locations(tmp_path) == {"file": str(tmp_path / "stdin"), "stdin": "standard input"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Error: Standard input is empty: expected a file of workflow"),
        ("Dear Sir,\nI write to you\n", "Error: Standard input is not a file of workflow"),
        ("SQLite format 3\0", "Error: Standard input is damaged"),
    ],
    ids=["nothing", "a letter", "the beginning of a database"],
)
def test_what_is_wrong_with_standard_input(typed: str, said: str, any_db: Path, tmp_path: Path) -> None:
    """What is piped in and cannot be loaded is not called by the name of our file, and has no path to check."""
    (tmp_path / "scratch").mkdir()
    with unchanged(any_db.parent):
        arguments = ("ingest", "-", "--as", "workflow", "--db", any_db)
        done = storyreport(*arguments, cwd=tmp_path, typed=typed, TMPDIR=str(tmp_path / "scratch"))
        assert_one_sentence(done, 1)
    assert done.stderr.startswith(said)
    assert str(tmp_path) not in done.stderr
    assert "check the path" not in done.stderr
    assert list((tmp_path / "scratch").iterdir()) == []


# Wrong usage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["report", "slowest_step"], "slowest_steps", id="unknown report"),
        pytest.param(["report", "cost", "-p", "colour=red"], "colour", id="unknown parameter"),
        pytest.param(["report", "cost", "-p", "since=someday"], "last_month", id="no date"),
        pytest.param(["report", "cost", "-p", "since=today", "-p", "until=2026-01"], "is after", id="end before start"),
        pytest.param(["report", "cost", "-p", "since=2026-02-30"], "since", id="no such date"),
        pytest.param(["report", "stuck_runs", "-p", "minutes=many"], "minutes", id="no number"),
        pytest.param(["report", "stuck_runs", "-p", "as_of=soon"], "as_of", id="no time"),
        pytest.param(["report", "cost", "-p", "provider"], "key=value", id="parameter without ="),
        pytest.param(["ingest", "SOURCE", "--as", "teapot"], "teapot", id="unknown system"),
        pytest.param(["ingest", "SOURCE", "--as", "airfow"], "did you mean airflow?", id="nearly a system"),
        pytest.param(["digest", "my.db"], "named with --db: --db my.db.", id="a database as datasette takes it"),
        pytest.param(["ingst", "SOURCE"], "did you mean ingest?", id="nearly a command"),
        pytest.param(["ingest", "postgresql://u:secret@h/db", "--as", "teapot"], "teapot", id="unknown system there"),
        pytest.param(["ingest", "postgresql://u:secret@[::1/db"], "PostgreSQL URL", id="no URL"),
        pytest.param(["ingest", ""], "is empty", id="empty source"),
        pytest.param(["ingest", "SOURCE", "--name", "\t"], "name", id="unreadable name"),
        pytest.param(["ingest", "SOURCE", "--timezone", "Mars/Olympus"], "Mars/Olympus", id="unknown timezone"),
        pytest.param(["ingest", "SOURCE", "--timezone", "../../etc/passwd"], "time zone", id="path as timezone"),
        pytest.param(["ingest", "mysql://user:secret@host/db"], "URL", id="URL"),
        pytest.param(["ingest", "SOURCE", "https://user:secret@host/db"], "URL", id="source and URL"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, any_db: Path, tmp_path: Path) -> None:
    """A wrong call exits with 2 and says what is wrong with it, without repeating a password."""
    plant(tmp_path / "SOURCE")
    with unchanged(any_db.parent):
        done = storyreport(*arguments, "--db", any_db, cwd=tmp_path)
        assert_one_sentence(done, 2)
    assert said in done.stderr
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize("url", ["postgresql://user:secret@127.0.0.1:1/db", "postgres://127.0.0.1:1/?password=secret"])
def test_a_server_that_does_not_answer(url: str, any_db: Path, tmp_path: Path) -> None:
    """A server that cannot be reached is said without its password, and nothing is changed."""
    with unchanged(any_db.parent):
        done = storyreport("ingest", url, "--db", any_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest"],
        ["teapot"],
        ["serve", "--port", "eighty"],
        ["serve", "--port", "70000"],
        ["report", "cost", "--format", "xml"],
        ["sources", "--colour"],
        ["sources", "--db", "."],
    ],
    ids=" ".join,
)
def test_what_click_refuses(arguments: list[str], tmp_path: Path) -> None:
    """Unknown commands, options and choices exit with 2 and create nothing."""
    with unchanged(tmp_path):
        done = storyreport(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("Error: ")] == [done.stderr.splitlines()[-1]]
