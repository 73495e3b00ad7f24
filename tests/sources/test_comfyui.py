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
    """The node at which a prompt stopped is called by its class; an entry without its id is a step all the same."""
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


def test_a_queue(db: ReportDatabase, tmp_path: Path) -> None:
    """What runs and what waits; a prompt that has ended since does not run again."""
    item = {"3": {"class_type": "KSampler", "inputs": {"text": "secret prompt"}}}
    queue = {
        "queue_running": [[12, "p-1", item, {"create_time": 1772359190000}, ["9"]], [14]],
        "queue_pending": [[13, "p-8", item, {"create_time": 1772359195000, "client_id": "c"}, ["9"]]],
    }
    before = tmp_path / "queue.json"
    before.write_text(json.dumps(queue), encoding="utf-8")
    assert db.ingest(before, name="c").counts.rejected == 1
    states = "select source_key, status, queued_at from runs order by source_key"
    waiting = ("p-8", "queued", "2026-03-01T09:59:55.000Z")
    assert db.sql(states) == [("p-1", "running", "2026-03-01T09:59:50.000Z"), waiting]
    db.ingest(written(tmp_path, {"p-1": history()["p-1"]}), name="c")
    ended = db.sql(states)
    assert [row[1] for row in ended] == ["completed", "queued"]
    db.ingest(before, name="c", full=True)
    assert db.sql(states) == ended
    assert b"secret prompt" not in db.path.read_bytes()


def test_jobs(db: ReportDatabase, tmp_path: Path) -> None:
    """As `/api/jobs` lists them, and one of them alone."""
    failure = {"node_id": "3", "node_type": "KSampler", "exception_type": "E", "exception_message": "out of memory"}
    job = {"id": "p-1", "priority": 1, "create_time": 1772359190000, "execution_start_time": 1772359200000}
    ended = {**job, "execution_end_time": 1772359204500}
    jobs = [
        {**ended, "status": "completed", "outputs_count": 1},
        {**ended, "id": "p-2", "status": "failed", "execution_error": failure},
        {**job, "id": "p-3", "status": "in_progress"},
        {**job, "id": "p-4", "status": "pending", "execution_start_time": None},
        {**job, "id": "p-5", "status": "failed", "execution_error": "text"},
    ]
    assert db.ingest(written(tmp_path, {"jobs": jobs, "pagination": {"total": 5}})).counts.rejected == 1
    assert db.sql("select source_key, status, duration_ms, error_message from runs order by source_key") == [
        ("p-1", "completed", 4500, None),
        ("p-2", "failed", 4500, "E: out of memory"),
        ("p-3", "running", None, None),
        ("p-4", "queued", None, None),
    ]
    assert [(row["run"], row["step"], row["status"]) for row in rows(db, "step_runs")] == [
        ("p-2", "KSampler[3]", "failed")
    ]
    db.ingest(written(tmp_path, {**jobs[2], "status": "cancelled", "execution_end_time": 1772359201000}))
    assert db.sql("select status, duration_ms from runs where source_key = 'p-3'") == [("cancelled", 1000)]
