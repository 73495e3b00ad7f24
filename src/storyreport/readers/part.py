"""A part of a source on its way in: found at a place, then opened, so that its tables can be read as SQL."""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..system import System
from .header import read_header, wal_of


@dataclass(frozen=True)
class Options:
    """How a source is to be read."""

    timezone: str = "UTC"
    with_text: bool = False


@dataclass(frozen=True)
class Found:
    """A part of a source system at a path: a SQLite file, the path from the part's `find`, or exports of its tables.

    exports   the tables of a database part that were handed over as text files, each with its file
    passes    files that follow each other: each is read by itself and adds to those before it
    url       of a database server, secrets included; `path` is the database's name then
    label     the place's name where that is not its path (standard input)
    """

    system: System
    part: str
    path: Path
    exports: tuple[tuple[str, Path], ...] = ()
    passes: tuple["Found", ...] = ()
    url: str = field(default="", repr=False)
    label: str = ""

    @property
    def location(self) -> str:
        """Where it is, without secrets."""
        if self.label:
            return self.label
        if self.url and not self.system.has_private_names:
            return without_secrets(self.url)
        # A link is not followed: it may lead elsewhere tomorrow.
        path = os.path.abspath(self.path)
        # A path need not be UTF-8, which a database wants.
        known = os.path.dirname(path) if self.system.has_private_names else path
        return os.fsencode(known).decode(errors="backslashreplace")

    @property
    def files(self) -> str:
        """Which files a pass reads, as far as that may be known."""
        names = "\n".join(os.path.abspath(path) for path in ([path for _, path in self.exports] or [self.path]))
        return hashlib.sha256(names.encode(errors="replace")).hexdigest()[:16]

    @property
    def is_staged(self) -> bool:
        """Whether it is read from files into tables of ours, and so whole each time."""
        return bool(self.exports or self.passes or self.system.parts[self.part].stage)


class Remote(Protocol):
    """A server whose rows are staged: all of them, or those of the dirty groups and the added ones.

    `since` in the arguments is what `since()` returned at the last load.
    """

    def dirty_groups(self, since: Mapping[str, Any]) -> None:
        """Add the groups with new or changed rows to temp.dirty_groups."""

    def fetch(self, since: Mapping[str, Any] | None) -> None:
        """Stage the rows that may have changed, or (None) all rows."""

    def count(self, table: str) -> int:
        """How many rows a table has."""

    def since(self) -> dict[str, Any]:
        """What the next `dirty_groups` and `fetch` need to know."""

    def close(self) -> None:
        """Close the connection to the server."""


@dataclass
class Opened:
    """A part that can be read: its tables as they are, and the signature that an unchanged part has next time."""

    found: Found
    signature: str
    # declared table → the SQL name of the table that holds its rows, and its real columns by their lower-case names
    tables: dict[str, tuple[str, dict[str, str]]]
    # tables whose rows have a number that grows → the SQL name of that number
    numbered: dict[str, str]
    # read without a lock, as a file that nobody writes to
    is_unlocked: bool = False
    # read from files into tables that have a column `problem`
    is_staged: bool = False
    # a database server, whose rows are fetched as they are needed
    remote: Remote | None = None

    @property
    def layout(self) -> dict[str, list[str]]:
        """The real columns of each table: where they are others than last time, the part is read whole."""
        return {table: sorted(columns) for table, (_, columns) in self.tables.items()}


def quoted(name: str) -> str:
    """An identifier as SQL, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def without_secrets(url: str) -> str:
    """A server's URL without user, password and options; nothing of one that can be read in two ways."""
    address, _, options = url.partition("://")[2].partition("?")
    if "@" in options and "@" not in address:
        return "postgresql://…"
    return f"postgresql://{address.rpartition('@')[2]}"


def signature(found: Found) -> str:
    """Something that differs once the part has changed; cheap to take, '' where it cannot be known (a server)."""
    if found.url:
        return ""
    if found.passes:
        return " ".join(signature(each) for each in found.passes)
    if found.exports:
        return " ".join(_file_signature(path) for _, path in found.exports)
    if found.path.is_dir():
        return _folder_signature(found.path)
    if found.is_staged and not found.system.parts[found.part].signs:
        return _file_signature(found.path)
    # SQLite counts its transactions in the header, or appends to the log.
    signs = [read_header(found.path)[24:28].hex()]
    for file in (found.path, wal_of(found.path)):
        with contextlib.suppress(FileNotFoundError):
            about = file.stat()
            signs += [str(about.st_size), str(about.st_mtime_ns)]
    return ":".join(signs)


def _file_signature(path: Path) -> str:
    about = path.stat()
    return f"{about.st_size}:{about.st_mtime_ns}"


def _folder_signature(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        # A link may lead nowhere.
        with contextlib.suppress(OSError):
            about = file.stat()
            digest.update(
                f"{file.relative_to(folder)}\0{about.st_size}\0{about.st_mtime_ns}\0".encode(errors="replace")
            )
    return digest.hexdigest()
