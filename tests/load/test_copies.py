"""Copies of sources: no larger than they must be, only where there is room, and gone after a kill."""

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import adventure
from helpers.command_line import environment, ok

from storyreport import scratch
from storyreport.errors import StoryreportError


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """A folder for temporary files of this test's own."""
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


@pytest.mark.parametrize("has_page_count", [True, False])
def test_a_sparse_source_is_copied_without_its_holes(tmp_path: Path, temporary: Path, has_page_count: bool) -> None:
    """40 GB that are not there, behind a few pages, whether or not the header says where these end."""
    source = adventure.write(tmp_path / "games.db")
    if not has_page_count:
        content = bytearray(source.read_bytes())
        content[92:96] = bytes(4)
        source.write_bytes(content)
        size = 40 << 20  # SQLite would take it for so many pages
    else:
        size = 40 << 30
    os.truncate(source, size)
    begun = time.monotonic()
    assert "rejected" in ok("ingest", source, cwd=tmp_path, TMPDIR=str(temporary))
    assert time.monotonic() - begun < 30
    assert list(temporary.iterdir()) == []


def no_range(*_: int) -> int:
    """As between two file systems on an old kernel."""
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def short_range(source: int, target: int, count: int, place: int, to: int) -> int:
    """As a call that copies a part, and then one that copies nothing."""
    os.lseek(source, place, os.SEEK_SET)
    os.lseek(target, to, os.SEEK_SET)
    return os.write(target, os.read(source, 4)) if place < 8 else 0


@pytest.mark.parametrize("copy_range", [None, no_range, short_range])
def test_holes_stay_holes_and_all_else_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copy_range: Callable[..., int] | None
) -> None:
    """A part at the beginning, one in the middle and one at the end, whether or not the system can share blocks."""
    if copy_range:
        monkeypatch.setattr(os, "copy_file_range", copy_range, raising=False)
    source, copy = tmp_path / "source", tmp_path / "copy"
    parts = {0: b"beginning", 30 << 20: b"middle", (1 << 30) - 3: b"end"}
    with source.open("wb") as file:
        for place, content in parts.items():
            file.seek(place)
            file.write(content)
    scratch.copy_file(source, copy)
    with copy.open("rb") as file:
        for place, content in parts.items():
            file.seek(place)
            assert file.read(len(content)) == content
    about = copy.stat()
    assert (about.st_size, about.st_mode & 0o777) == (1 << 30, 0o600)
    assert about.st_blocks * 512 < 32 << 20


def test_no_room_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, then."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(b"x" * 2_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, scratch.SPARE_BYTES))
    with pytest.raises(StoryreportError, match=r"has to be copied to be read, 2 MB, and .* has 67 MB free: free some"):
        scratch.copy_file(source, copy)
    assert copy.stat().st_size == 0


def test_what_a_kill_left_is_gone_at_the_next_start(tmp_path: Path, temporary: Path) -> None:
    """A folder that is in use stays."""
    held = (
        "import time; from storyreport import scratch\nwith scratch.folder() as f: print(f, flush=True); time.sleep(60)"
    )
    variables = environment(TMPDIR=str(temporary))
    processes = [
        subprocess.Popen([sys.executable, "-c", held], env=variables, stdout=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    try:
        folders = [Path(process.stdout.readline().strip()) for process in processes if process.stdout]
        processes[0].kill()
        processes[0].wait()
        assert all(folder.is_dir() for folder in folders)
        ok("ingest", adventure.write(tmp_path / "games.db"), cwd=tmp_path, TMPDIR=str(temporary))
        assert [folder.is_dir() for folder in folders] == [False, True]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
