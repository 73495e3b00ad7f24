"""The log of the story-generation service as winston writes it to a terminal, and as a cloud's export wraps it."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs

from storyreport.upkeep.doctor import examine

AT = "2026-11-20T10:00:00.000Z"
LINES = [
    ("info", "Story context loaded successfully", {"storyId": "s0", "runId": "r1"}),
    ("warn", "Could not determine chapter count from outline or database, using default of 4", {"runId": "r1"}),
    ("info", "Marked orphaned run as failed", {"runId": "r2", "storyId": "s9"}),
    ("error", "Workflow error occurred", {"runId": "r2", "error": "boom"}),
]
COLOURS = {"info": 32, "warn": 33, "error": 31}


def coloured(level: str, message: str, fields: dict[str, str]) -> str:
    """What colorize() and simple() write."""
    return f"\x1b[{COLOURS[level]}m{level}\x1b[39m: {message} {json.dumps({**fields, 'timestamp': AT})}"


def coloured_all(level: str, message: str, fields: dict[str, str]) -> str:
    """What colorize({all: true}) and simple() write."""
    colour = f"\x1b[{COLOURS[level]}m"
    return f"{colour}{level}\x1b[39m: {colour}{message}\x1b[39m {json.dumps({**fields, 'timestamp': AT})}"


def text_payload(level: str, message: str, fields: dict[str, str]) -> str:
    """A line in a cloud's export, which knows no level of it."""
    entry = {"textPayload": coloured(level, message, fields), "severity": "DEFAULT", "timestamp": AT, "insertId": "x"}
    return json.dumps(entry)


def bare_text_payload(level: str, message: str, fields: dict[str, str]) -> str:
    """A line whose level the export has taken, and whose time is the export's."""
    severity = "WARNING" if level == "warn" else level.upper()
    return json.dumps({"textPayload": f"{message} {json.dumps(fields)}", "severity": severity, "timestamp": AT})


def json_payload(level: str, message: str, fields: dict[str, str]) -> str:
    """A line that the cloud has parsed."""
    return json.dumps({"jsonPayload": {"level": level, "message": message, **fields}, "timestamp": AT})


def metadata_payload(level: str, message: str, fields: dict[str, str]) -> str:
    """A line as the cloud's own transport for winston sends it."""
    severity = "WARNING" if level == "warn" else level.upper()
    payload = {"message": message, "metadata": {**fields, "timestamp": AT}}
    return json.dumps({"jsonPayload": payload, "severity": severity, "timestamp": AT})


def written_out(level: str, message: str, fields: dict[str, str]) -> str:
    """A coloured line as rsyslog writes it to a file."""
    return f"Nov 20 10:00:00 web1 story[7]: {coloured(level, message, fields)}".replace("\x1b", "#033")


def left_out(level: str, message: str, fields: dict[str, str]) -> str:
    """A coloured line of which a collector has left out the control characters."""
    return coloured_all(level, message, fields).replace("\x1b", "")


FORMS = [coloured, coloured_all, text_payload, bare_text_payload, json_payload, metadata_payload]


@pytest.mark.parametrize(
    ("layout", "form"),
    [*(("lines", form) for form in (*FORMS, written_out, left_out)), *(("document", form) for form in FORMS[2:])],
)
def test_each_form(db: ReportDatabase, tmp_path: Path, form: Callable[..., str], layout: str) -> None:
    """Levels, runs, stories, metrics, messages and times are the same in each form."""
    lines = [form(*line) for line in LINES]
    if layout == "document":
        lines = json.dumps([json.loads(line) for line in lines], indent=2).splitlines()
    path = tmp_path / "app.log"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    db.ingest(path)
    assert db.sql("select level, run_key, story_key, metric, message, at from log_events order by id") == [
        ("info", "r1", "s0", "context_loaded", LINES[0][1], AT),
        ("warn", "r1", None, "chapter_count_defaulted", LINES[1][1], AT),
        ("info", "r2", "s9", "orphaned_run_failed", LINES[2][1], AT),
        ("error", "r2", None, "workflow_error", "Workflow error occurred: boom", AT),
    ]
    metrics = dict(pairs(db.report("log_metrics"), "metric", "value"))
    assert (metrics["orphaned_runs_detected"], metrics["workflow_errors"]) == (1, 1)
    assert db.report("rejected_rows") == []


@pytest.mark.parametrize(
    "older", ["app.log.1", "app.log.2.gz", "app.log-20261120", "app.log.2026-11-20", "app.jsonl.1"]
)
def test_a_folder_of_a_log_that_was_rotated(db: ReportDatabase, tmp_path: Path, older: str) -> None:
    """All of its files are read; what has moved from one to another since is known."""
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = [json.dumps({"level": level, "message": said, "timestamp": AT, **fields}) for level, said, fields in LINES]
    pack = gzip.compress if older.endswith(".gz") else bytes
    (folder / older).write_bytes(pack("\n".join(lines[:2]).encode()))
    (folder / "app.log").write_text("\n".join(lines[2:]), "utf-8")
    (folder / "app.log.1.swp").write_text("x" * 100, "utf-8")
    db.ingest(folder)
    assert db.one("select count(*) from log_events") == 4
    (folder / older).write_bytes(pack("\n".join(lines).encode()))
    (folder / "app.log").unlink()
    db.ingest(folder, full=True)
    assert db.sql("select count(*), sum(gone_at is not null) from log_events") == [(4, 0)]


def test_a_last_line_that_is_not_whole(db: ReportDatabase, tmp_path: Path) -> None:
    """It counts once, also when it is whole, beside another file that ends in the midst of a line, and rotated."""
    first = f"{AT} info: Story not found"
    (other := tmp_path / "b.log").write_text('info: Story not found {"runId":"r0"}\ninfo: Workflow err', "utf-8")
    for text in (first, f"{first} in the da", f"{first} in the database", f"{first} in the database\n"):
        (path := tmp_path / "app.log").write_text(text, "utf-8")
        db.ingest(path, other, name="s")
        said = db.sql("select message from log_events where at is not null or message like 'Work%' order by id")
        assert sorted(said) == [(text.removeprefix(f"{AT} info: ").strip(),), ("Workflow err",)]
    path.rename(tmp_path / "app.log.1")
    path.write_text(f"{AT} error: Workflow error occurred: boom", "utf-8")
    db.ingest(*sorted(tmp_path.glob("*.log*")), name="s", full=True)
    assert db.one("select count(*) from log_events") == 4
    assert examine(db.path) == []


@pytest.mark.parametrize(
    ("line", "hour"),
    [
        # Winston's timestamp({format: "YYYY-MM-DD HH:mm:ss"}) is local; CloudWatch's table is UTC.
        ('2026-11-20 10:00:00 info: Story not found {"runId":"r1"}', 15),
        ('2026-11-20T10:00:00.000Z info: Story not found {"runId":"r1"}', 10),
        ('{"level":"info","message":"Story not found","runId":"r1","timestamp":"2026-11-20 10:00:00"}', 15),
        ('{"@timestamp":"2026-11-20 10:00:00.000","@message":"info: Story not found {\\"runId\\":\\"r1\\"}"}', 10),
        ('{"level":30,"time":1795168800000,"msg":"Story not found","runId":"r1"}', 10),
    ],
)
def test_times_without_an_offset(db: ReportDatabase, tmp_path: Path, line: str, hour: int) -> None:
    """They are in the zone of --timezone: 10:00 in New York is 15:00 UTC."""
    (path := tmp_path / "app.log").write_text(line, "utf-8")
    db.ingest(path, timezone="America/New_York")
    assert db.sql("select at from log_events") == [(f"2026-11-20T{hour}:00:00.000Z",)]


@pytest.mark.parametrize("message", ["message", "event"])
@pytest.mark.parametrize("plain", [{"step": "a", "started_at": AT}, {"model": "gpt-4o", "called_at": AT}])
def test_a_log_of_plain_rows(db: ReportDatabase, tmp_path: Path, message: str, plain: dict[str, str]) -> None:
    """A pipeline of one's own may write its rows with a logger: they are rows, and no lines of the service."""
    line = {message: "done", "level": "info", "run_id": "r1", "run": "r1", "timestamp": AT, **plain}
    (path := tmp_path / "app.jsonl").write_text(json.dumps(line), "utf-8")
    db.ingest(path)
    assert db.sql("select system from sources") == [("steps",)]
