"""Documents on one long line, and gzip files that unpack to far more than they are."""

import gzip
import json
import tarfile
import time
from pathlib import Path

import pytest
from helpers.command_line import ok, storyreport

from storyreport.readers import lines, text
from storyreport.readers.bounds import BLOWN_UP

COLUMNS = {"run": "r1", "step": "draft", "status": "completed", "started_at": "2026-11-20T10:00:00Z"}
# A record is 900 characters long, so that 12,000 of them are more than a line may have.
COUNT = 12_000


def many() -> list[dict[str, str]]:
    """Step runs, more than fit into a line."""
    return [{**COLUMNS, "run": f"r{number}", "note": "x" * 800} for number in range(COUNT)]


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"data": rows}], ids=["list", "object"])
@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_a_document_on_one_line_is_loaded(tmp_path: Path, wrap: "type[list]", ending: str) -> None:  # type: ignore[type-arg]
    """As if it had been written with line ends."""
    path = tmp_path / f"steps{ending}"
    content = json.dumps(wrap(many())).encode()
    assert len(content) > text.LONGEST_LINE
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    said = ok("ingest", path, cwd=tmp_path)
    assert f"{COUNT:,} rows read" in said
    assert " 0 rejected" in said


def test_blank_lines_cost_next_to_nothing(tmp_path: Path) -> None:
    """Thirty million of them, after one record, and one more record at their end."""
    path = tmp_path / "steps.jsonl.gz"
    line = json.dumps(COLUMNS).encode()
    path.write_bytes(gzip.compress(line + b"\n" * 30_000_000 + line.replace(b"r1", b"r2") + b"\nno record\n"))
    begun = time.monotonic()
    said = ok("ingest", path, cwd=tmp_path)
    assert "3 rows read" in said
    assert time.monotonic() - begun < 40
    rejects = ok("report", "rejected_rows", "--format", "csv", cwd=tmp_path)
    assert "line 30000002" in rejects or "30000002" in rejects


def test_a_file_that_unpacks_to_far_more_than_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read up to there, and the reason is that of a reject."""
    monkeypatch.setattr(lines, "SMALL_BYTES", 1 << 20)
    path = tmp_path / "steps.jsonl.gz"
    line = json.dumps(COLUMNS).encode() + b"\n"
    path.write_bytes(gzip.compress(line + b" " * (8 << 20) + line))
    found = list(text.lines(path))
    assert [problem for _, _, problem in found] == [None, BLOWN_UP]


def test_a_log_that_repeats_itself_is_read(tmp_path: Path) -> None:
    """What programs write is less than a hundred times as large as its gzip file."""
    path = tmp_path / "steps.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in many()).encode()))
    assert f"{COUNT:,} rows read" in ok("ingest", path, cwd=tmp_path)


def test_a_broken_document_on_one_line(tmp_path: Path) -> None:
    """What stands before the break is loaded, and the break is a reject with a reason."""
    path = tmp_path / "steps.json"
    path.write_text(json.dumps(many())[:-1], encoding="utf-8")
    said = ok("ingest", path, cwd=tmp_path)
    assert f"{COUNT + 1:,} rows read" in said
    assert " 1 rejected" in said
    assert "the file is broken JSON" in ok("report", "rejected_rows", "--format", "csv", cwd=tmp_path)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_archive_is_refused(tmp_path: Path, mode: str) -> None:
    """Its lines would be those of a file and of the archive's own headers."""
    (tmp_path / "steps.jsonl").write_text(json.dumps(COLUMNS) + "\n", encoding="utf-8")
    path = tmp_path / ("all.jsonl.gz" if mode == "w:gz" else "all.jsonl")
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        archive.add(tmp_path / "steps.jsonl", "steps.jsonl")
    done = storyreport("ingest", path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        f"Error: {path} is a tar archive: unpack it, and ingest what is in it.\n",
    )
