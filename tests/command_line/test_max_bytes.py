"""--max-bytes: what a gzip file may unpack to."""

import gzip
import json
from pathlib import Path

from helpers.command_line import ok, storyreport

ROWS = [{"id": str(number), "step": "write", "started_at": "2026-03-10T10:00:00Z"} for number in range(20_000)]


def write(folder: Path) -> Path:
    """Step runs of more than a megabyte, gzipped."""
    path = folder / "steps.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode()))
    return path


def test_less_than_there_is(tmp_path: Path) -> None:
    """The rows before are loaded, and a reject says why the rest is missing."""
    write(tmp_path)
    said = ok("ingest", "steps.jsonl.gz", "--max-bytes", "1M", cwd=tmp_path)
    assert ", 1 rejected" in said
    assert "--max-bytes" in ok("report", "rejected_rows", "--format", "csv", cwd=tmp_path)


def test_enough(tmp_path: Path) -> None:
    write(tmp_path)
    assert ", 0 rejected" in ok("ingest", "steps.jsonl.gz", "--max-bytes", "2MB", cwd=tmp_path)


def test_what_is_no_size(tmp_path: Path) -> None:
    done = storyreport("ingest", write(tmp_path), "--max-bytes", "much", cwd=tmp_path)
    assert done.returncode == 2
    assert "'much' is not a size; use e.g. 500M or 2G." in done.stderr
