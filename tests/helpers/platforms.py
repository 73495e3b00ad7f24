"""What only some systems have: its tests are skipped where it cannot be had."""

import os
import sqlite3
import sys
import tempfile
from importlib import metadata
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
# From Python 3.11 on.
has_limits = hasattr(sqlite3.Connection, "setlimit")
with_sql = pytest.mark.skipif(not has_limits, reason="serve --sql needs limits of SQLite")
with_new_prices = pytest.mark.skipif(metadata.version("genai-prices") < "0.2", reason="prices of newer models")


def only_with_sql() -> None:
    """Skip a fixture's tests where visitors may write no SQL."""
    if not has_limits:
        pytest.skip("serve --sql needs limits of SQLite")
