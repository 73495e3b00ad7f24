"""A database of which nothing is left: found by cutting sources at every page."""

from pathlib import Path

from helpers.command_line import ok, storyreport
from helpers.report_database import ask


def test_no_row_is_marked_as_deleted(games: Path, tmp_path: Path) -> None:
    """It is refused; an export without rows is one whose rows were deleted."""
    ok("ingest", games, cwd=tmp_path)
    games.write_bytes(b"")
    done = storyreport("ingest", games, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, f"Error: {games} is empty: expected a file of a known system.\n")
    assert ask(tmp_path / "storyreport.db", "select count(*) from stories where gone_at is not null") == [(0,)]
