"""What takes long to make and is only read: made once for all processes that tests run in."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE_SECONDS = 600


def made_once(request: pytest.FixtureRequest, name: str, make: Callable[[Path], str]) -> tuple[Path, str]:
    """A folder of this name, which whoever comes first lets `make` fill, and what that said; to be read only."""
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    root = factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        # Each process of pytest-xdist has a folder of its own in that of all.
        root = root.parent
    folder, lock, made = (root / f"{name}{suffix}" for suffix in ("", ".lock", ".made"))
    until = time.monotonic() + PATIENCE_SECONDS
    while not made.exists():
        try:
            lock.mkdir()
        except FileExistsError:
            assert time.monotonic() < until, f"{lock} is still there"
            time.sleep(0.1)
            continue
        try:
            # Another one may have made it since.
            if not made.exists():
                folder.mkdir()
                said = make(folder)
                unfinished = made.with_suffix(".new")
                unfinished.write_text(said, encoding="utf-8")
                unfinished.replace(made)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            lock.rmdir()
    return folder, made.read_text(encoding="utf-8")
