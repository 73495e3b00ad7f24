"""Open a part of a source so that its tables can be read as SQL: attach it, copy it, or stage it."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import StoryreportError
from .grown import End
from .hardened import check_whole, harden
from .part import Found, Opened, signature
from .sqlite import open_sqlite
from .staged import open_staged

__all__ = ["check_unchanged", "check_whole", "harden", "open_part"]


def open_part(
    connection: sqlite3.Connection,
    found: Found,
    scratch: Path,
    with_text: bool,
    progress: Callable[[str], None],
    ends: Mapping[str, End] | None = None,
) -> Opened:
    """Attach or stage a part; `scratch` is a folder for copies that must outlive the connection.

    With `ends`, where the reading of exports ended, only what was added to them is staged.
    """
    if found.url:
        # Its driver is an extra.
        from .postgres import open_postgres

        return open_postgres(connection, found, with_text)
    if found.is_staged:
        return open_staged(connection, found, progress, ends)
    return open_sqlite(connection, found, scratch, progress)


def check_unchanged(part: Opened) -> None:
    """Raise StoryreportError if a file that was read without a lock has changed meanwhile."""
    if part.is_unlocked and signature(part.found) != part.signature:
        raise StoryreportError(f"{part.found.path} was opened by its writer while it was read: try again.")
