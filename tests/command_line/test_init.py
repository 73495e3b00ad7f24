"""`init` as a stranger runs it: data that was renamed and moved, and nothing but what a coding agent has kept."""

import csv
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers import ROOT
from helpers.command_line import ok, printed
from helpers.report_database import ask

from storyreport import config

DATA = ROOT / "tests" / "data"
SESSIONS = Path(".claude/projects/-home-me-novel")


def places(folder: Path) -> list[str]:
    """The locations of the sources file that `init` writes, relative to the folder."""
    found = config.read(folder / "storyreport.toml").sources
    return sorted(Path(place).relative_to(folder).as_posix() for source in found for place in source.places)


def test_five_systems_renamed_and_moved(demo_folder: Path, tmp_path: Path) -> None:
    """A folder is looked into although some of its files are a source: none of the demo's six sources is missed."""
    (tmp_path / "work" / "prod" / "db").mkdir(parents=True)
    (tmp_path / "work" / "stuff").mkdir()
    for name, place in {
        "adventure.db": "prod/db/cyoa-2026.sqlite",
        "sprint-runner.db": "prod/db/runner.db",
        "gateway.jsonl": "prod/calls.log.jsonl",
        "storyteller": "prod/teller",
        "moviemaker.db": "stuff/films.sqlite3",
        "taleservice": "stuff/tales",
    }.items():
        copy = shutil.copytree if (demo_folder / name).is_dir() else shutil.copy
        copy(demo_folder / name, tmp_path / "work" / place)
    folder = tmp_path / "work"
    assert ok("init", cwd=folder) == "storyreport.toml: 6 sources found; load with: storyreport ingest\n"
    assert places(folder) == [
        "prod", "prod/db/cyoa-2026.sqlite", "prod/db/runner.db", "prod/teller", "stuff/films.sqlite3",
        "stuff/tales",
    ]  # fmt: skip
    ok("ingest", cwd=folder)
    # What the demo's own ingest of the same data came to.
    for table in ("stories", "runs", "step_runs", "calls"):
        count = f"select count(*) from {table}"
        assert ask(folder / "storyreport.db", count) == ask(demo_folder / "storyreport.db", count), table


def test_a_file_that_names_nothing_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever ran it before the data was there runs it again; what names a source, or was edited, stays."""
    monkeypatch.setenv("HOME", str(tmp_path))
    written = tmp_path / "storyreport.toml"
    assert "0 sources found" in printed("init", tmp_path)
    shutil.copy(DATA / "adventure.db", tmp_path)
    assert "1 source found" in printed("init", tmp_path)
    for text in (written.read_text(), "# mine\n"):
        written.write_text(text)
        with pytest.raises(AssertionError, match="exists already"):
            printed("init", tmp_path)
        assert written.read_text() == text


@pytest.mark.parametrize("folder", [".", "elsewhere"])
def test_only_the_sessions_of_an_agent(folder: str, tmp_path: Path) -> None:
    """They are found in the home folder, from there and from an empty folder."""
    (tmp_path / SESSIONS).mkdir(parents=True)
    shutil.copy(DATA / "claude_code--early.jsonl", tmp_path / SESSIONS / "0b1f.jsonl")
    here = tmp_path / folder
    here.mkdir(exist_ok=True)
    assert "1 source found" in ok("init", cwd=here, HOME=str(tmp_path))
    (source,) = config.read(here / "storyreport.toml").sources
    assert (source.name, source.places) == ("claude_code", (str(tmp_path / ".claude/projects"),))
    ok("ingest", cwd=here)
    assert ask(here / "storyreport.db", "select name from sources") == [("claude_code",)]
    assert ask(here / "storyreport.db", "select count(*) > 0 from calls") == [(1,)]


def test_what_lies_in_the_folder_comes_first(tmp_path: Path) -> None:
    """The home folder is left alone where the folder itself has sources."""
    (tmp_path / SESSIONS).mkdir(parents=True)
    shutil.copy(DATA / "claude_code--early.jsonl", tmp_path / SESSIONS / "0b1f.jsonl")
    here = tmp_path / "elsewhere"
    here.mkdir()
    shutil.copy(DATA / "openai_console--usage.csv", here / "usage export.csv")
    ok("init", cwd=here, HOME=str(tmp_path))
    assert places(here) == ["usage export.csv"]


def test_only_the_database_of_airflow(tmp_path: Path) -> None:
    """In its home, beside its configuration and its logs; the gate and the digest have an answer."""
    home = tmp_path / "airflow"
    (home / "logs" / "dag_id=story").mkdir(parents=True)
    (home / "logs" / "dag_id=story" / "attempt=1.log").write_text("[2026-03-01] INFO - Done\n", encoding="utf-8")
    (home / "airflow.cfg").write_text("[core]\n", encoding="utf-8")
    with closing(sqlite3.connect(home / "airflow.db")) as connection, connection:
        for table, name in {"task_instance": "task-instances", "dag_run": "dag-runs"}.items():
            with (DATA / f"airflow--{name}.csv").open(encoding="utf-8", newline="") as file:
                columns, *rows = csv.reader(file)
            connection.execute(f"create table {table} ({', '.join(columns)})")
            marks = ", ".join("?" for _ in columns)
            connection.executemany(f"insert into {table} values ({marks})", [[v or None for v in row] for row in rows])
    assert "1 source found" in ok("init", cwd=home)
    assert places(home) == ["airflow.db"]
    ok("ingest", cwd=home)
    assert "broken" not in ok("check", "--limit", "age > 1 h", cwd=home)
    assert ok("digest", "--period", "365d", cwd=home).startswith("storyreport, ")
