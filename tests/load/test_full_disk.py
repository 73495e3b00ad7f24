"""A disk that is full: a limit on the size of files stands for it."""

from pathlib import Path

import pytest
from helpers.command_line import ok, storyreport
from helpers.interruptions import plant_history, plant_small, row_counts
from helpers.platforms import on_posix

pytestmark = on_posix


@pytest.mark.parametrize("blocks", [200, 1000, 3000], ids=lambda blocks: f"{blocks} KiB")
def test_an_ingest_that_does_not_fit(blocks: int, tmp_path: Path) -> None:
    """It fails with a sentence, wherever the disk is full, and the database is as it was."""
    ok("ingest", plant_small(tmp_path / "small.db"), "--db", "report.db", cwd=tmp_path)
    before = row_counts(tmp_path / "report.db")
    history = plant_history(tmp_path / "long.db", 30_000)
    limited = ("bash", "-c", f'ulimit -f {blocks}; exec "$@"', "limited")
    done = storyreport("ingest", history.path, "--db", "report.db", cwd=tmp_path, prefix=limited)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert row_counts(tmp_path / "report.db") == before
    # There is room again.
    ok("ingest", history.path, "--db", "report.db", cwd=tmp_path)
    assert ok("doctor", "--db", "report.db", cwd=tmp_path) == "all is well\n"
