"""A database of which nothing is left: found by cutting sources at every page."""

import gzip
from pathlib import Path

import pytest
from helpers.command_line import ok, storyreport
from helpers.report_database import ReportDatabase, ask

from storyreport.errors import NotOursError


def test_no_row_is_marked_as_deleted(games: Path, tmp_path: Path) -> None:
    """It is refused; an export without rows is one whose rows were deleted."""
    ok("ingest", games, cwd=tmp_path)
    games.write_bytes(b"")
    done = storyreport("ingest", games, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, f"Error: {games} is empty: expected a file of a known system.\n")
    assert ask(tmp_path / "storyreport.db", "select count(*) from stories where gone_at is not null") == [(0,)]


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf[ ]\n", b"\xff\xfe", gzip.compress(b"", mtime=0)]
)
def test_a_file_of_nothing(db: ReportDatabase, tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "runs.jsonl").write_bytes(content)
    with pytest.raises(NotOursError, match=r"runs.jsonl is empty: expected a file of a known system\.$"):
        db.ingest(path)
