"""Sources that can be read only once: pipes and devices, which need --as."""

import os
import threading
from pathlib import Path

from helpers.command_line import ok, storyreport
from helpers.platforms import on_posix

ROW = '{"id": "1", "step": "write", "status": "done", "started_at": "2026-03-10T10:00:00Z"}\n'

pytestmark = on_posix


def test_a_named_pipe(tmp_path: Path) -> None:
    """It is read once, and the source has its name."""
    os.mkfifo(tmp_path / "history")
    writer = threading.Thread(target=lambda: (tmp_path / "history").write_text(ROW))
    writer.start()
    said = ok("ingest", "history", "--as", "steps", cwd=tmp_path)
    writer.join()
    assert said.startswith("history: 1 row read, ")
    assert ok("sources", "--format", "csv", cwd=tmp_path).splitlines()[1].split(",")[6] == "history"


def test_a_pipe_of_an_unknown_system(tmp_path: Path) -> None:
    """Nothing waits for its writer."""
    os.mkfifo(tmp_path / "history")
    done = storyreport("ingest", "history", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "Error: history is a pipe or device, which needs --as SYSTEM: name the system that wrote it.\n",
    )


def test_the_device_of_standard_input(tmp_path: Path) -> None:
    done = storyreport("ingest", "/dev/stdin", "--as", "steps", cwd=tmp_path, typed=ROW)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("stdin: 1 row read, ")
