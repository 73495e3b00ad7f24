"""A file that was read before: the system that wrote it is known, and no other is asked."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.tracker import Tracker

from storyreport import sources
from storyreport.errors import StoryreportError
from storyreport.ingest import ingest, requests_for, system_before

CALL = {"id": "c0", "provider": "openai", "model": "gpt-4o", "called_at": "2026-03-01T10:00:00Z", "input_tokens": 5}
JOB = {"id": "j0", "name": "build", "status": "completed"}


def lines(count: int, **more: Any) -> str:
    return "".join(json.dumps({**CALL, "id": f"c{number}", **more}) + "\n" for number in range(count))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report database with a tracker, and a long and a short file of calls."""
    folder = tmp_path_factory.mktemp("places")
    tracker = Tracker(folder / "studio.db")
    tracker.register("one")
    tracker.start("one", "01_ingest", "r1")
    tracker.end("one", "01_ingest", "r1", 5)
    tracker.close()
    (folder / "long.jsonl").write_text(lines(120), encoding="utf-8")
    (folder / "short.jsonl").write_text(lines(5), encoding="utf-8")
    for name in ("studio.db", "long.jsonl", "short.jsonl"):
        for request in requests_for([folder / name], None, None):
            ingest(folder / "report.db", request)
    return folder


@pytest.fixture
def before(folder: Path) -> Iterator[dict[str, bytes]]:
    """The files; as they were again afterwards."""
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith("report")}
    yield kept
    for name, held in kept.items():
        (folder / name).write_bytes(held)


def test_what_is_as_it_was(folder: Path, before: dict[str, bytes]) -> None:
    """With more rows, too. A short file is known by its first lines, which may be others tomorrow."""
    with (folder / "long.jsonl").open("a") as file:
        file.write(lines(1, id="new"))
    with sqlite3.connect(folder / "studio.db") as connection:
        connection.execute("update step_history set status = 'failed'")
    connection.close()
    found = {name: system_before(folder / "report.db", folder / name) for name in before}
    assert found == {"studio.db": "pipeline", "long.jsonl": "steps", "short.jsonl": None}


def test_no_other_system_is_asked(folder: Path, before: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    own = sources._own

    def only_one(name: str) -> sources.System:
        assert name == "pipeline"
        return own(name)

    monkeypatch.setattr(sources, "_own", only_one)
    (request,) = requests_for(
        [folder / "studio.db"], None, None, before=lambda path: system_before(folder / "report.db", path)
    )
    assert (request.name, request.parts[0].system.name, request.parts[0].part) == ("studio", "pipeline", "database")


@pytest.mark.parametrize(
    "change",
    [
        "alter table stories add column mood text",
        "drop table step_status",
        "alter table step_history rename to other",
    ],
)
def test_a_database_with_other_tables_may_be_of_another(folder: Path, before: dict[str, bytes], change: str) -> None:
    with sqlite3.connect(folder / "studio.db") as connection:
        connection.execute(change)
    connection.close()
    assert system_before(folder / "report.db", folder / "studio.db") is None


@pytest.mark.parametrize("held", [lines(120, model="other"), lines(20), "", json.dumps(JOB) + "\n"])
def test_a_file_that_was_replaced_may_be_of_another(folder: Path, before: dict[str, bytes], held: str) -> None:
    (folder / "long.jsonl").write_text(held, encoding="utf-8")
    assert system_before(folder / "report.db", folder / "long.jsonl") is None


def test_what_cannot_be_asked(folder: Path, tmp_path: Path) -> None:
    """No report database, none of ours, a place that was never read, a folder."""
    (tmp_path / "text.db").write_text("no database", encoding="utf-8")
    sqlite3.connect(tmp_path / "empty.db").close()
    for database in ("none.db", "text.db", "empty.db"):
        assert system_before(tmp_path / database, folder / "studio.db") is None
    for path in (folder, folder / "none.csv", tmp_path / "text.db"):
        assert system_before(folder / "report.db", path) is None


def test_what_it_was_does_not_hide_what_it_is(folder: Path) -> None:
    """A system that was there before and does not know the file any more: all are asked, as for a new file."""
    (request,) = requests_for([folder / "studio.db"], None, None, before=lambda _: "sprint")
    assert request.parts[0].system.name == "pipeline"
    with pytest.raises(StoryreportError, match="does not exist"):
        requests_for([folder / "none.db"], None, None, before=lambda _: "sprint")
