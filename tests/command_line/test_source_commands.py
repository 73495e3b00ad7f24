"""The commands about sources, and what one failing source does to the others."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers import DATA
from helpers.report_database import laid_out

from storyreport.cli import cli

ROW = "run,step,status,started_at\nr1,draft,completed,2026-11-20\n"


@pytest.fixture
def run(tmp_path: Path) -> "Runner":
    """Commands on a report database of their own, with nothing in it."""
    (tmp_path / "report.db").write_bytes(laid_out())
    return Runner(tmp_path)


class Runner:
    """Runs commands."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, *arguments: str | Path, answer: str = "") -> Result:
        given = [*map(str, arguments), "--db", str(self.folder / "report.db")]
        return CliRunner().invoke(cli, given, input=answer)

    def names(self) -> list[str]:
        """The names of the sources."""
        return [line.split(",")[0] for line in self("sources", "--format", "csv").stdout.splitlines()[1:]]


def csv(path: Path) -> Path:
    """A plain source."""
    path.write_text(ROW, "utf-8")
    return path


def test_rename_move_merge_and_remove(run: Runner, tmp_path: Path) -> None:
    """Each says in one line what it did."""
    for name in "ab":
        run("ingest", csv(tmp_path / f"{name}.csv"))
    assert run("sources", "rename", "a", "c").stdout == "a is called c now\n"
    assert run("sources", "move", "c", csv(tmp_path / "d.csv")).exit_code == 0
    assert run("sources", "merge", "c", "INTO", "b").stdout == "c merged into b, 2 rows were in both\n"
    assert run.names() == ["b"]
    unknown = run("sources", "remove", "nobody")
    assert (unknown.exit_code, "Delete" in unknown.stdout) == (1, False), "there is nothing to confirm"
    assert "There is no source 'nobody': the sources are " in unknown.stderr
    refused = run("sources", "remove", "b", answer="n\n")
    assert (refused.exit_code, run.names()) == (1, ["b"])
    assert run("sources", "remove", "b", "--yes").stdout == "b deleted, with 2 rows\n"
    assert run.names() == []
    missing = run("sources", "rename", "b", "c")
    assert (missing.exit_code, missing.stderr) == (1, "Error: There is no source 'b': the sources are none.\n")


def test_the_database_may_be_named_before_the_command(run: Runner, tmp_path: Path) -> None:
    """`sources --db FILE rename` is about that file."""
    run("ingest", csv(tmp_path / "a.csv"))
    CliRunner().invoke(cli, ["sources", "--db", str(tmp_path / "report.db"), "rename", "a", "b"])
    assert run.names() == ["b"]


@pytest.mark.parametrize(
    ("first", "then", "name"),
    [
        ([["ingest", "a.csv"], ["sources", "rename", "a", "c"]], ["ingest", "a.csv"], "c"),
        ([["ingest", "a.csv", "--name", "c"]], ["ingest", "a.csv"], "c"),
        ([["ingest", "a.csv", "b.csv", "--name", "c"]], ["ingest", "b.csv"], "c"),
        ([["ingest", "a.csv", "calls.csv", "--name", "c"]], ["ingest", "a.csv", "calls.csv"], "c"),
        ([["ingest", "a.csv", "calls.csv", "--name", "c"]], ["ingest", "a.csv"], "c"),
        ([["ingest", "a.csv", "--name", "c"], ["sources", "move", "c", "b.csv"]], ["ingest", "b.csv"], "c"),
        # Of two that were read from there, the one that is called like the file goes on.
        ([["ingest", "a.csv"], ["ingest", "a.csv", "--name", "c"]], ["ingest", "a.csv"], "a"),
        # A place that is new is a new source, whatever was read beside it.
        ([["ingest", "a.csv", "--name", "c"]], ["ingest", "b.csv"], "b"),
        ([["ingest", "a.csv", "b.csv", "--name", "c"]], ["ingest", "d.csv"], "d"),
        ([["ingest", "a*.csv", "--name", "c"]], ["ingest", "b*.csv", "--name", "e"], "e"),
    ],
)
def test_a_place_keeps_its_source(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: list[list[str]], then: list[str], name: str
) -> None:
    """Without a name, what was read before goes on under the name that it has by now, and no row counts twice."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.csv").write_text("provider,called_at\nopenai,2026-11-20\n", "utf-8")
    for path in "abd":
        csv(tmp_path / f"{path}.csv")
    for command in first:
        run(*command)
    result = run(*then)
    assert (result.stdout.partition(":")[0], result.stderr) == (name, "")


@pytest.mark.parametrize("place", ["agent/projects", "agent"])
def test_the_sessions_of_an_agent_keep_their_source(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Their folder is not kept by its name: a digest tells that it is the same, under whatever name."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "agent" / "projects" / "-home-ann-book"
    folder.mkdir(parents=True)
    shutil.copy(DATA / "claude_code--early.jsonl", folder / "0b1f.jsonl")
    name = run("ingest", "agent/projects").stdout.partition(":")[0]
    run("sources", "rename", name, "agent")
    result = run("ingest", place, "--full")
    assert (result.stdout.partition(":")[0], result.stderr) == ("agent", "")
    assert "is also read as source 'agent'" in run("ingest", place, "--name", "other").stderr
    run("sources", "remove", "other", "--yes")
    (tmp_path / "agent").rename(tmp_path / "moved")
    run("sources", "move", "agent", "moved/projects")
    assert run("ingest", place.replace("agent", "moved"), "--full").stdout.startswith("agent: ")
    with closing(sqlite3.connect(tmp_path / "report.db")) as connection:
        assert "home-ann" not in str(connection.execute("select * from inputs").fetchall())


def test_a_second_source_of_a_place(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, once, that what both have counts twice."""
    monkeypatch.chdir(tmp_path)
    csv(tmp_path / "a.csv")
    run("ingest", "a.csv")
    said = run("ingest", "a.csv", "--name", "c").stderr
    assert said.startswith(f"Note: {tmp_path / 'a.csv'} is also read as source '")
    assert "counts twice" in said
    assert run("ingest", "a.csv", "--name", "c").stderr == ""


@pytest.mark.parametrize(
    ("first", "then", "names"),
    [
        # What was read apart stays apart, what is new is a source of its own.
        (["a.csv", "b.csv"], ["a.csv", "b.csv"], ["a", "b"]),
        (["a.csv", "b.csv"], ["c.csv", "b.csv", "a.csv"], ["a", "b", "c"]),
        (["a.csv", "b.csv"], ["."], ["a", "b", "c"]),
        (["b.csv", "c.csv"], ["[a-c].csv"], ["a", "b", "c"]),
        # A source goes on with the files that are given with its own.
        (["a.csv"], ["a.csv", "b.csv"], ["a"]),
        (["b.csv"], ["a.csv", "b.csv", "c.csv"], ["b"]),
        (["a.csv"], ["."], ["a"]),
        (["a.csv"], ["[a-c].csv"], ["a"]),
    ],
)
def test_nothing_counts_twice(
    run: Runner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: list[str],
    then: list[str],
    names: list[str],
) -> None:
    """Whichever files are given together later: each run of theirs is there once."""
    monkeypatch.chdir(tmp_path)
    for number, path in enumerate("abc"):
        (tmp_path / f"{path}.csv").write_text(ROW.replace("r1", f"run-{number}"), "utf-8")
    for place in first:
        run("ingest", place)
    for _ in range(2):
        run("ingest", *then)
    given = {*first, *then}
    read = {"abc".index(path[0]) for path in given} if given.isdisjoint((".", "[a-c].csv")) else {0, 1, 2}
    assert sorted(run.names()) == names
    with closing(sqlite3.connect(tmp_path / "report.db")) as connection:
        runs = connection.execute("select source_key from runs order by source_key").fetchall()
    assert runs == [(f"run-{number}",) for number in sorted(read)]


def test_one_failing_source_does_not_stop_the_others(run: Runner, tmp_path: Path) -> None:
    """The rest is loaded, stderr names what failed, and the exit code is 3."""
    good, broken, lost = csv(tmp_path / "good.csv"), tmp_path / "broken.db", tmp_path / "lost.csv"
    broken.write_bytes(b"SQLite format 3\0 and no more")
    result = run("ingest", broken, good, lost)
    assert result.exit_code == 3
    assert "broken.db" in result.stderr
    assert f"{lost} does not exist." in result.stderr
    assert run.names() == ["good"]


def test_all_fail(run: Runner, tmp_path: Path) -> None:
    """Nothing was loaded: that is a failure like any other."""
    result = run("ingest", tmp_path / "one.csv", tmp_path / "two.csv")
    assert result.exit_code == 1
    assert "one.csv does not exist" in result.stderr
    assert "two.csv does not exist" in result.stderr


def test_a_source_alone(run: Runner, tmp_path: Path) -> None:
    """One source that fails is one error, as before."""
    result = run("ingest", tmp_path / "one.csv")
    assert (result.exit_code, result.stderr) == (1, f"Error: {tmp_path / 'one.csv'} does not exist.\n")


@pytest.mark.parametrize("nothing", ["", "[\n]\n"])
def test_a_file_that_was_emptied(run: Runner, tmp_path: Path, nothing: str) -> None:
    """A file that holds nothing any more is what it was, with no rows; one that is not known is refused."""
    path = csv(tmp_path / "a.csv")
    if nothing:
        path.write_text(json.dumps([{"step": "outline", "started_at": "2026-03-01T10:00:00Z", "run": "r"}]), "utf-8")
    run("ingest", path)
    # Cut off, it is refused, and nothing is marked.
    path.write_text("[{" if nothing else "\0", "utf-8")
    assert run("ingest", path).exit_code == 1
    path.write_text(nothing, "utf-8")
    result = run("ingest", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "0 rows read" in result.stdout
    # The step run and the run that was made of it.
    assert "2 deleted" in result.stdout
    (tmp_path / "b.csv").write_text(nothing, "utf-8")
    assert "is empty" in run("ingest", tmp_path / "b.csv").stderr


def test_a_file_that_was_merged_and_then_emptied(run: Runner, tmp_path: Path) -> None:
    """What was merged into another source goes on in it, also when nothing is left of it."""
    for name in "ab":
        run("ingest", csv(tmp_path / f"{name}.csv"))
    (tmp_path / "b.csv").write_text((tmp_path / "b.csv").read_text("utf-8").replace("r1,", "r2,"), "utf-8")
    run("ingest", tmp_path / "b.csv")
    run("sources", "merge", "b", "INTO", "a")
    (tmp_path / "b.csv").write_text("", "utf-8")
    result = run("ingest", tmp_path / "b.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("a: 0 rows read")
    assert "2 deleted" in result.stdout
