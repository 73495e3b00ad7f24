"""What only some systems have: its tests are skipped where it cannot be had."""

import os
import sys
import tempfile
from pathlib import Path

import pytest


def _can_link() -> bool:
    """Whether this user may make links: Windows lets only some."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Path(folder, "link").symlink_to(folder)
        except OSError:
            return False
    return True


on_posix = pytest.mark.skipif(os.name != "posix", reason="signals, forks, pipes with names and locks of POSIX systems")
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux says how much memory a process has")
with_links = pytest.mark.skipif(not _can_link(), reason="this user may make no links")
