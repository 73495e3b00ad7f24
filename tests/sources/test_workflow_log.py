"""The story-generation service: its log in two forms."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase
from helpers.workflow_rows import RUN_1, RUN_2, STORY_1

from storyreport.errors import StoryreportError

LOG = [
    json.dumps({"level": "info", "message": "Story context loaded successfully",
                "timestamp": "2026-03-01T09:00:00.123Z", "service": "tales", "runId": RUN_1, "storyId": STORY_1}),
    json.dumps({"level": "warn", "message": "Could not determine chapter count for story, using default",
                "timestamp": "2026-03-01T09:00:01Z", "runId": RUN_1}),
    json.dumps({"level": "warn", "message": "Could not determine chapter count for story, using default",
                "timestamp": "2026-03-01T09:00:01Z", "runId": RUN_1}),
    "not a line of a log",
    f'debug: Chapter count determined from outline {{"runId":"{RUN_1}"}}',
    f'error: Workflow error occurred {{"runId":"{RUN_2}","error":{{"message":"Story not found"}}}}',
    f'2026-03-01T09:00:02.000Z info: Progress update already in progress, skipping {{"runId":"{RUN_1}"}}',
]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_both_forms_of_the_log(db: ReportDatabase, workflows: str, tmp_path: Path, packed: bool) -> None:
    """Each line of the log is an event of its run, and what it says is counted; a broken one is rejected."""
    path = tmp_path / ("service.log.gz" if packed else "service.log")
    text = "\n".join(LOG).encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    db.ingest(workflows, name="tales")
    outcome = db.ingest(path, name="tales")
    assert outcome.counts.rejected == 1
    assert db.sql("select metric, count(*) from log_events group by 1 order by 1") == [
        ("chapter_count_defaulted", 2),
        ("chapter_count_from_outline", 1),
        ("context_loaded", 1),
        ("progress_conflict", 1),
        ("workflow_error", 1),
    ]
    assert db.sql("select count(*) from log_events where run_id is null") == [(0,)]
    assert db.sql("select message from log_events where level = 'error'") == [
        ("Workflow error occurred: Story not found",)
    ]
    rotated = tmp_path / "service.1.log"
    rotated.write_text("\n".join([LOG[0], LOG[4].replace("outline", "database")]), encoding="utf-8")
    assert db.ingest(rotated, name="tales").counts.inserted == 1
    assert db.one("select count(*) from log_events where gone_at is null") == 7


@pytest.mark.parametrize(
    "tail",
    [
        ' {"runId":"r","prompt":"PRIVATE words',
        ' {"runId":"r","error":{"code":1},"prompt":"PRIVATE {words} and',
        '{"runId":"r","prompt":"PRIVATE words"}',
        " { runId: 'r', prompt: 'PRIVATE words} and",
        ' {"runId":"r","prompt":"PRIVATE words}',
    ],
)
def test_a_line_cut_off_within_its_fields(db: ReportDatabase, tmp_path: Path, tail: str) -> None:
    """The message is kept, and nothing of the fields, where a prompt may be."""
    path = tmp_path / "service.log"
    path.write_text(f"{LOG[4]}\nerror: Workflow error occurred in chapter 1{tail}\n", encoding="utf-8")
    db.ingest(path)
    assert db.sql("select message from log_events where level = 'error'") == [("Workflow error occurred in chapter 1",)]
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("report.db*"))
    assert (b"PRIVATE" in path.read_bytes(), b"PRIVATE" in stored) == (True, False)


def test_a_log_alone(db: ReportDatabase, tmp_path: Path) -> None:
    """A log without the databases is kept; a text that is no log is refused."""
    path = tmp_path / "service.log"
    path.write_text("\n".join(LOG), encoding="utf-8")
    db.ingest(path)
    assert db.one("select count(*) from log_events") == 6
    other = tmp_path / "letter.log"
    other.write_text("Dear Sir,\nI write to you\n", encoding="utf-8")
    with pytest.raises(StoryreportError, match="matches no known format"):
        db.ingest(other)


def test_standard_input(tmp_path: Path) -> None:
    """What comes on standard input is read like a file, if it is said what it is."""
    command = [sys.executable, "-m", "storyreport", "ingest", "-", "--db", "report.db"]
    text = "\n".join(LOG).encode()
    done = subprocess.run([*command, "--as", "workflow"], input=text, cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.startswith(b"stdin: 7 rows read, 6 rows written")
    again = subprocess.run([*command, "--as", "workflow"], input=text, cwd=tmp_path, capture_output=True, check=True)
    assert (b" 0 rows written" in again.stdout, again.stderr) == (True, b"")
    assert ReportDatabase(tmp_path).sql("select location from inputs") == [("standard input",)]
    failed = subprocess.run(command, input=text, cwd=tmp_path, capture_output=True, check=False)
    assert (failed.returncode, failed.stderr.count(b"\n")) == (2, 1)
