"""Open a part of a source so that its tables can be read as SQL: attach it, copy it, or stage it."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import StoryreportError
from .cut import check_not_cut
from .grown import End
from .hardened import check_whole, harden
from .part import Found, Opened, signature
from .sqlite import FileCopy, open_sqlite
from .staged import open_staged

__all__ = ["check_not_cut", "check_unchanged", "check_whole", "harden", "open_part"]


def open_part(
    connection: sqlite3.Connection,
    found: Found,
    scratch: Path,
    progress: Callable[[str], None],
    ends: Mapping[str, End] | None = None,
    copied: FileCopy | None = None,
    in_place: bool = False,
) -> Opened:
    """Attach or stage a part; `scratch` is a folder for copies that must outlive the connection.

    With `ends`, where the reading of exports ended, only what was added to them is staged; `copied` is a copy of the
    file that was made before; `in_place` attaches a file that is not to be copied.
    """
    if found.is_staged:
        return open_staged(connection, found, progress, ends)
    return open_sqlite(connection, found, scratch, progress, copied, in_place)


def check_unchanged(part: Opened) -> None:
    """Raise StoryreportError if a file that was read without a lock has changed meanwhile."""
    if part.is_unlocked and signature(part.found) != part.signature:
        raise StoryreportError(f"{part.found.path} was opened by its writer while it was read: try again.")
