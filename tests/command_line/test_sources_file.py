"""The sources file: written by init, loaded by ingest without arguments, checked with the line of each mistake."""

import importlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from helpers.cli_cases import (
    SOURCE_ROWS,
    assert_one_sentence,
    other_application,
    plant,
    plant_media,
    rows_of,
    unchanged,
)
from helpers.command_line import environment, ok, storyreport
from helpers.platforms import on_posix
from helpers.report_database import ask
from helpers.tracker import Tracker

from storyreport import config
from storyreport.cli import cli
from storyreport.errors import UsageError

STEPS = "step,started_at,status\ndraft,2026-03-01T10:00:00,gate_closed\n"


def sources(folder: Path) -> dict[str, dict[str, Any]]:
    """The sources of the folder's report database, by name."""
    return {row["source"]: row for row in rows_of(ok("sources", "--format", "json", cwd=folder))}


def test_init_finds_what_is_there(tmp_path: Path) -> None:
    """Databases in the folder and below it; nothing that is not a source, and no report database."""
    plant(tmp_path / "data" / "deep" / "studio.db")
    plant_media(tmp_path / "movies.db")
    other_application(tmp_path)
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "my log.csv").write_text(STEPS, encoding="utf-8")
    ok("ingest", "movies.db", cwd=tmp_path)
    assert ok("init", cwd=tmp_path) == "storyreport.toml: 3 sources found; load with: storyreport ingest\n"
    text = (tmp_path / "storyreport.toml").read_text(encoding="utf-8")
    assert "# found: story pipeline tracker\n" in text
    found = config.read(tmp_path / "storyreport.toml")
    assert {source.name: [Path(place).name for place in source.places] for source in found.sources} == {
        "studio": ["studio.db"],
        "movies": ["movies.db"],
        "my log": ["my log.csv"],
    }
    ok("ingest", cwd=tmp_path)
    assert set(sources(tmp_path)) == {source.name for source in found.sources}
    assert_one_sentence(storyreport("init", cwd=tmp_path), 1)


def test_init_of_an_empty_folder(tmp_path: Path) -> None:
    """The file has an example, and is valid."""
    assert "0 sources found; add yours" in ok("init", cwd=tmp_path, HOME=str(tmp_path))
    assert config.read(tmp_path / "storyreport.toml").sources == ()
    done = storyreport("ingest", cwd=tmp_path)
    assert_one_sentence(done, 2)
    assert "names no source" in done.stderr


def test_ingest_loads_all_and_carries_on(tmp_path: Path) -> None:
    """Each source with its own options, under its own name; one that fails is said, and the exit code is 3."""
    plant(tmp_path / "a.db")
    (tmp_path / "b.csv").write_text(STEPS, encoding="utf-8")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "storyreport.toml").write_text(
        """
        [sources.studio]
        location = "../a.db"
        [sources.lost]
        location = "../nowhere.db"
        [sources.plain]
        location = ["../b.csv"]
        timezone = "Europe/Madrid"
        status = { gate_closed = "failed" }
        """,
        encoding="utf-8",
    )
    done = storyreport("ingest", "--config", "conf/storyreport.toml", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("Error: lost: ")
    assert len(done.stderr.splitlines()) == 1
    assert f"studio: {SOURCE_ROWS} rows read" in done.stdout
    assert set(sources(tmp_path)) == {"studio", "plain"}
    # Madrid is an hour ahead of UTC in March.
    assert ask(
        tmp_path / "storyreport.db", "select status, started_at from step_runs where source_status = 'gate_closed'"
    ) == [("failed", "2026-03-01T09:00:00.000Z")]
    again = storyreport("ingest", "--config", "conf/storyreport.toml", cwd=tmp_path)
    assert again.returncode == 3
    assert "studio: unchanged, 0 rows written" in again.stdout


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    """A variable is filled in; a password in the file is refused, and neither is shown."""
    path = tmp_path / "storyreport.toml"
    path.write_text('[sources.a]\nlocation = "postgresql://u:${PW}@127.0.0.1:1/db"\n', encoding="utf-8")
    done = storyreport("ingest", cwd=tmp_path)
    assert_one_sentence(done, 2)
    assert "storyreport.toml:2: the environment variable PW is not set" in done.stderr
    done = storyreport("ingest", cwd=tmp_path, PW="hunter2")
    assert_one_sentence(done, 1)
    assert "hunter2" not in done.stderr
    path.write_text('[sources.a]\nlocation = "postgresql://u:hunter2@127.0.0.1:1/db"\n', encoding="utf-8")
    done = storyreport("ingest", cwd=tmp_path)
    assert_one_sentence(done, 2)
    assert "hunter2" not in done.stderr
    assert "${PGPASSWORD}" in done.stderr


def test_options_about_a_source_need_one(tmp_path: Path) -> None:
    """With a sources file, --name says nothing."""
    with unchanged(tmp_path):
        assert_one_sentence(storyreport("ingest", "--name", "x", cwd=tmp_path), 2)
        assert_one_sentence(storyreport("ingest", cwd=tmp_path), 2)
        assert_one_sentence(storyreport("ingest", "--config", "no.toml", cwd=tmp_path), 1)


WRONG = {
    '\n[sources.a]\nlocation = "x"\ntimezon = "UTC"\n': ("storyreport.toml:4:", "did you mean timezone?"),
    "[sources.a]\nwith_text = true\n": ("storyreport.toml:1:", "has no location"),
    '[source.a]\nlocation = "x"\n': ("storyreport.toml:1:", "did you mean sources?"),
    '[sources.a]\nlocation = "x"\nstatus = { odd = "maybe" }\n': ("storyreport.toml:3:", "completed"),
    '[sources.a]\nlocation = "x"\nfreshness = "soon"\n': ("storyreport.toml:3:", "24h"),
    "[sources.a]\nlocation = 3\n": ("storyreport.toml:2:", "must be a text or a list of texts"),
    '[sources.a]\nlocation = "x"\nappend = "yes"\n': ("storyreport.toml:3:", "true or false"),
    "[health]\nsilent_minutes = -1\n": ("storyreport.toml:2:", "above 0"),
    "[health]\nsilent = 1\n": ("storyreport.toml:2:", "silent_minutes"),
    'limits = "stuck > 0"\n': ("storyreport.toml:1:", "a list of texts"),
    "sources = 3\n": ("storyreport.toml:1:", "[sources.nightly]"),
    '[[sources]]\nname = "a"\n': ("storyreport.toml:1:", "such as [sources.nightly]"),
    "[limits]\nfailure_pct = 10\n": ("storyreport.toml:1:", 'such as ["failure_pct > 10 in 24h"]'),
    "[sources]\na = 3\n": ("storyreport.toml:2:", "[sources.a]"),
    "limits = [\n": ("storyreport.toml is not TOML", "invalid"),
}
RIGHT = [
    "",
    'limits = ["stuck > 0"]\n[health]\nsilent_minutes = 30\nqueued_minutes = 60.5\nconsecutive_failures = 2\n'
    'freshness = "6h"\n',
    '[sources."a b"]\nlocation = ["x", "y"]\nsystem = "steps"\ntimezone = "UTC"\nstatus = { odd = "failed" }\n'
    'prices = "p.yml"\nwith_text = false\nappend = true\nfreshness = "2w"\n',
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_with_the_file(text: str, tmp_path: Path) -> None:
    """One sentence with the line, what is allowed, and the nearest name."""
    (tmp_path / "storyreport.toml").write_text(text, encoding="utf-8")
    done = storyreport("ingest", cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert all(part in done.stderr for part in WRONG[text])


def parsed(text: str) -> dict[str, Any]:
    """A TOML text as Python reads it."""
    loads = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli").loads
    return dict(loads(text))


@pytest.mark.parametrize("text", [*RIGHT, *list(WRONG)[:-1]])
def test_the_schema_is_what_is_accepted(text: str, tmp_path: Path) -> None:
    """The JSON schema that is shipped, and the program, agree on each file."""
    schema = json.loads((Path(config.__file__).parent / "storyreport.schema.json").read_text(encoding="utf-8"))
    path = tmp_path / "storyreport.toml"
    path.write_text(text, encoding="utf-8")
    is_valid = jsonschema.Draft202012Validator(schema).is_valid(parsed(text))
    assert is_valid == (text in RIGHT)
    if is_valid:
        config.read(path)
    else:
        with pytest.raises(UsageError):
            config.read(path)


def test_a_source_that_vanishes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's error is that of one source: the other is loaded, and a watch carries on."""
    from storyreport import ingest as module

    def ingest(database: Path, request: Any, *others: Any) -> Any:
        if request.name == "lost":
            raise FileNotFoundError(2, "No such file or directory", "lost.csv")
        return whole(database, request, *others)

    def pause(_: float) -> None:
        pauses.append(1)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    whole, pauses = module.ingest, list[int]()
    monkeypatch.setattr(module, "ingest", ingest)
    monkeypatch.setattr("storyreport.commands.ingest.time.sleep", pause)
    for name in ("lost", "there"):
        (tmp_path / f"{name}.csv").write_text(STEPS.replace("gate_closed", "failed"), encoding="utf-8")
    text = "".join(f"[sources.{name}]\nlocation = '{name}.csv'\n" for name in ("lost", "there"))
    (tmp_path / "storyreport.toml").write_text(text, encoding="utf-8")
    given = ["ingest", "--config", str(tmp_path / "storyreport.toml"), "--db", str(tmp_path / "report.db")]
    done = CliRunner().invoke(cli, given)
    assert (done.exit_code, done.stderr) == (3, "Error: lost.csv: No such file or directory.\n")
    assert "there: 1 row read" in done.stdout
    done = CliRunner().invoke(cli, [*given, "--watch"])
    assert (done.exit_code, done.stderr.count("lost.csv"), len(pauses)) == (0, 1, 3)


@on_posix
def test_watch_loads_what_changes(tmp_path: Path) -> None:
    """New rows are loaded, what vanished is said once and again when it is back; Ctrl-C ends it."""
    tracker = Tracker(tmp_path / "studio.db")
    tracker.register("S1")
    (tmp_path / "storyreport.toml").write_text('[sources.studio]\nlocation = "studio.db"\n', encoding="utf-8")
    command = [sys.executable, "-m", "storyreport", "ingest", "--watch", "0.1"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout
        try:
            assert "1 new" in process.stdout.readline()
            tracker.register("S2")
            assert "1 new" in process.stdout.readline()
            tracker.close()
            away = tracker.path.rename(tmp_path / "away.db")
            time.sleep(1)
            away.rename(tracker.path)
            # Its file was changed, as far as its times say.
            assert "0 rows written" in process.stdout.readline()
            assert "studio: loaded again" in process.stdout.readline()
        finally:
            process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    *others, last = said.splitlines()
    assert (process.returncode, last) == (0, "Stopped watching.")
    errors = [line for line in others if "Error: " in line]
    assert len(errors) == 1
    assert "studio: " in errors[0]
    assert "does not exist" in errors[0]
    assert ask(tmp_path / "storyreport.db", "select count(*) from stories") == [(2,)]
