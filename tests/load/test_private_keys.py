"""Keys that are e-mail addresses are kept as hashes; what is the same is still the same, ingest after ingest."""

import json
import re
from pathlib import Path

import pytest
from helpers import tracker
from helpers.report_database import ReportDatabase, change

from storyreport.values import neutral

SAME = {"step": "write", "status": "done", "started_at": "2026-03-10T10:00:00Z", "ended_at": "2026-03-10T10:05:00Z"}
BOB, ANN = "Zq7bob@example.com", "Zq7ann@example.com"


def write(path: Path, *rows: dict[str, str]) -> Path:
    """Step runs in the plain form."""
    path.write_text("".join(json.dumps({**SAME, **row}) + "\n" for row in rows), encoding="utf-8")
    return path


def test_keys_are_hashed(db: ReportDatabase, tmp_path: Path) -> None:
    """A story, a run, a step run and a step; the story of two rows is one, and versions are no addresses."""
    rows = (
        {"id": f"{BOB}/1", "story": BOB, "run": f"batch {BOB}"},
        {"id": "2", "story": BOB, "run": "pkg@1.2.3"},
        {"id": "3", "story": ANN, "step": f"by {ANN}"},
    )
    db.ingest(write(tmp_path / "steps.jsonl", *rows))
    assert b"Zq7" not in db.path.read_bytes()
    counted = "select source_key, (select count(*) from step_runs where story_id = stories.id) from stories"
    stories = dict(db.sql(counted))
    assert sorted(stories.values()) == [1, 2]
    assert all(re.fullmatch("e-mail-[0-9a-f]{16}", key) for key in stories)
    (bob,) = (key for key, count in stories.items() if count == 2)
    assert {key for (key,) in db.sql("select source_key from runs")} == {f"batch {bob}", "pkg@1.2.3"}
    assert f"{bob}/1" in {key for (key,) in db.sql("select source_key from step_runs")}


def test_a_tracker_is_followed(db: ReportDatabase, tmp_path: Path) -> None:
    """Rows that change, and go, are found where stories are called after people; no key is kept beside the rows."""
    path = tmp_path / "pipeline_stories.db"
    tracker.Tracker(path).close()
    change(
        path,
        f"insert into stories (story_id, title) values ('{BOB}', 'One')",
        "insert into step_status (story_id, step_name, status, started_at)"
        f" values ('{BOB}', '01_ingest', 'running', '2026-03-10 10:00:00')",
    )
    db.ingest(path)
    assert db.sql("select status from step_runs") == [("running",)]
    change(path, "update step_status set status = 'failed'")
    db.ingest(path)
    assert db.sql("select status from step_runs where gone_at is null") == [("failed",)]
    assert db.one("select count(*) from stories") == 1
    change(path, "delete from step_status", "delete from stories")
    db.ingest(path)
    assert db.one("select count(*) from stories where gone_at is null") == 0
    assert b"Zq7" not in db.path.read_bytes()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bad JSON (char 0) in: Once upon a time there was", "bad JSON (char 0) in: <text>"),
        ("Got: Sure! Here is your story about Alice", "Got: <text>"),
        ("no Story from completion Once upon a time in a land", "no Story from completion <text>"),
        ("DETAIL: Failing row contains (1, Alice, null)", "DETAIL: Failing row contains <text>"),
        ("f() got an unexpected keyword argument title in this call", None),
        ("model returned: 503 Service Unavailable, try again in a minute", None),
    ],
)
def test_sentences_of_prompts(text: str, kept: str | None) -> None:
    """What follows without quotes is a sentence where it has six words."""
    assert neutral(text) == (kept or text)
