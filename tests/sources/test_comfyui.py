"""ComfyUI: prompts of a history, and the nodes that they executed."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase
from helpers.run_pairs import check_pair, rows, source_of

from storyreport.errors import StoryreportError


def history() -> dict[str, Any]:
    """The history of the pair."""
    found: dict[str, Any] = json.loads(source_of("comfyui--history").read_text(encoding="utf-8"))
    return found


def written(folder: Path, content: object) -> Path:
    """A file with some JSON."""
    path = folder / "history.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_pair(db: ReportDatabase) -> None:
    """Success, an error, an interruption, what came from the cache, and an early version's entry without a status."""
    check_pair(db, "comfyui--history")


def test_a_node_that_is_not_in_the_graph(db: ReportDatabase, tmp_path: Path) -> None:
    """The node at which a prompt stopped is told by its class; an entry without its id is a step all the same."""
    start = ["execution_start", {"prompt_id": "p", "timestamp": 1772359200000}]
    said = {"prompt_id": "p", "node_type": "KSampler", "exception_message": "out of memory", "timestamp": 1772359204000}
    status = {"status_str": "error", "completed": False, "messages": [start, ["execution_error", said]]}
    db.ingest(written(tmp_path, {"p": {"prompt": [0, "p", {}, {}, []], "outputs": {}, "status": status}}))
    (step,) = rows(db, "step_runs")
    assert (step["step"], step["status"], step["error_message"]) == ("KSampler", "failed", "out of memory")
    assert db.sql("select status, duration_ms from runs") == [("failed", 4000)]


def test_a_history_that_was_lost(db: ReportDatabase, tmp_path: Path) -> None:
    """A server that was restarted has an empty history: what was ingested of the old one stays."""
    entries = history()
    db.ingest(written(tmp_path, {key: entries[key] for key in ("p-1", "p-2")}))
    db.ingest(written(tmp_path, {"p-3": entries["p-3"]}))
    assert db.one("select count(*) from runs where gone_at is null") == 3


def test_broken_entries(db: ReportDatabase, tmp_path: Path) -> None:
    """An entry that is none is rejected; the others are loaded."""
    entries = history()
    entries["bad-1"] = {"prompt": [0, "other", {}, {}, []], "outputs": {}}
    entries["bad-2"] = "text"
    entries["bad-3"] = {**entries["p-1"], "prompt": [0, "bad-3", {}, {}, []], "status": {"messages": [["one"]]}}
    assert db.ingest(written(tmp_path, entries)).counts.rejected == 3
    assert db.one("select count(*) from runs") == 4


@pytest.mark.parametrize("content", [{}, {"p": {"outputs": {}}}, {"p": {"prompt": ["a"] * 5, "outputs": {}}}, [1], "x"])
def test_other_json(db: ReportDatabase, tmp_path: Path, content: object) -> None:
    """Other JSON is no history."""
    with pytest.raises(StoryreportError, match="no known format"):
        db.ingest(written(tmp_path, content))
