"""Text files that were cut off, by a full disk or a broken download: what is missing from them was not deleted."""

import gzip
import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError

ROWS = [
    {"id": str(number), "step": "write", "status": "failed", "started_at": "2026-03-10T10:00:00Z", "error": "a\nb"}
    for number in range(40)
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CSV = (
    "id,step,status,started_at,error\n"
    + "".join('{id},{step},{status},{started_at},"{error}"\n'.format(**row) for row in ROWS)
).encode()
PACKED = gzip.compress(LINES, mtime=0)
HALF = LINES.rindex(b"\n", 0, len(LINES) // 2) + 1
# name → the file, what is left of it, and what is said of that
CUTS = {
    "within a line": ("runs.jsonl", LINES, LINES[: HALF + 30], "it ends within a line"),
    "in UTF-16": (
        "runs.jsonl",
        LINES.decode().encode("utf-16"),
        LINES[: HALF + 30].decode().encode("utf-16"),
        "it ends within a line",
    ),
    "filled up": ("runs.jsonl", LINES, LINES[:HALF] + bytes(300), "it ends within a line"),
    "within quotes": ("runs.csv", CSV, CSV[: CSV.index(b"a\nb", len(CSV) // 2) + 2], "a quote is not closed"),
    "within a field": ("runs.csv", CSV, CSV[: CSV.index(b"2026-03-10T", len(CSV) // 2) + 7], "it ends within a line"),
    "a packed one": ("runs.jsonl.gz", PACKED, PACKED[:-90], "the gzip file ends early or is damaged"),
}


@pytest.mark.parametrize("case", CUTS)
def test_nothing_of_a_cut_file_counts_as_deleted(db: ReportDatabase, tmp_path: Path, case: str) -> None:
    """It is refused; whole again, it is as before."""
    name, whole, cut, reason = CUTS[case]
    (path := tmp_path / name).write_bytes(whole)
    db.ingest(path)
    before = db.sql("select source_key, gone_at from step_runs order by id")
    assert len(before) == len(ROWS)
    path.write_bytes(cut)
    with pytest.raises(
        StoryreportError, match=rf"is damaged \({reason}.*\), and rows are missing from it: nothing was"
    ):
        db.ingest(path)
    assert db.sql("select source_key, gone_at from step_runs order by id") == before
    path.write_bytes(whole)
    assert db.ingest(path).counts.written == 0


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_file_with_fewer_whole_rows_is_read(db: ReportDatabase, tmp_path: Path, end: bytes) -> None:
    """Its last line need not end, if it can be read."""
    (path := tmp_path / "runs.jsonl").write_bytes(LINES)
    db.ingest(path)
    path.write_bytes(LINES[:HALF].rstrip() + end)
    db.ingest(path)
    gone = db.one("select count(*) from step_runs where gone_at is not null")
    assert gone == len(ROWS) - LINES[:HALF].count(b"\n")
