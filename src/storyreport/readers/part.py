"""A part of a source on its way in: found at a place, then opened, so that its tables can be read as SQL."""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..evidence import SETTLED_NS, State, states
from ..scratch import filled
from ..system import System

if TYPE_CHECKING:
    from .grown import End

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Options:
    """How a source is to be read."""

    timezone: str = "UTC"
    with_text: bool = False
    statuses: tuple[tuple[str, str], ...] = ()  # the user's words, folded, with their meanings


@dataclass(frozen=True)
class Found:
    """A part of a source system at a path: a SQLite file, the path from the part's `find`, or exports of its tables.

    exports   the tables of a database part that were handed over as text files, each with its file
    passes    files that follow each other: each is read by itself and adds to those before it
    pieces    files that are one export in pieces, read as one
    url       of a database server, secrets included; `path` is the database's name then
    label     the place's name where that is not its path (standard input)
    unread    sentences on files beside it that are no source's
    """

    system: System
    part: str
    path: Path
    exports: tuple[tuple[str, Path], ...] = ()
    passes: tuple["Found", ...] = ()
    pieces: tuple[Path, ...] = ()
    url: str = field(default="", repr=False)
    label: str = ""
    unread: tuple[str, ...] = field(default=(), compare=False)

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
        return _names(_places(self))

    @property
    def place(self) -> str:
        """A digest of where it is, where that must not be kept; empty otherwise."""
        return self.files if self.system.has_private_names else ""

    @property
    def named(self) -> dict[str, str]:
        """Which file each exported table is read from, packed or not, as far as that may be known."""
        if self.label or self.system.has_private_names:
            return {}
        return {table: _names([Path(os.fspath(path).removesuffix(".gz"))]) for table, path in self.exports}

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
    # read under a lock that keeps its writer waiting: only a few rows of it
    in_place: bool = False
    # read from files into tables that have a column `problem`
    is_staged: bool = False
    # numbered tables of a SQLite file whose groups no index finds → the column of the group
    unindexed: dict[str, str] = field(default_factory=dict)
    # tables of a SQLite file, (schema, name), whose pages say whether they are whole
    checked: set[tuple[str, str]] = field(default_factory=set)
    # of a SQLite file with columns that would take too long to compute
    is_hostile: bool = False
    # why declared tables are not read: views and virtual tables in their place, tables that a user may not read
    unread: dict[str, str] = field(default_factory=dict)
    # the SQL names of the columns of staged tables in which a spreadsheet has rounded a key
    rounded: dict[str, frozenset[str]] = field(default_factory=dict)
    # of tables that are read, columns that a user may not read
    forbidden: dict[str, list[str]] = field(default_factory=dict)
    # where the reading of exports ended, by table
    ends: dict[str, "End"] = field(default_factory=dict)
    # the columns of staged tables that no row has a value in: they need not be looked at
    empty: dict[str, frozenset[str]] = field(default_factory=dict)
    # tables of which an answer of an API was handed over: it has some of the rows
    pages: set[str] = field(default_factory=set)
    # a database server, whose rows are fetched as they are needed
    remote: Remote | None = None

    @property
    def layout(self) -> dict[str, list[str]]:
        """The real columns of each table: where they are others than last time, the part is read whole."""
        return {table: sorted(columns) for table, (_, columns) in self.tables.items()}


def quoted(name: str) -> str:
    """An identifier as SQL, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as SQL, where no parameter is taken; SQLite and DuckDB read it alike."""
    return "'" + value.replace("'", "''") + "'"


def without_secrets(url: str) -> str:
    """A server's URL without user, password and options; nothing of one that can be read in two ways."""
    address, _, options = url.partition("://")[2].partition("?")
    if "@" in options and "@" not in address:
        return "postgresql://…"
    return f"postgresql://{address.rpartition('@')[2]}"


def signature(found: Found) -> str:
    """Something that differs once the part has changed; cheap to take, '' where it cannot be known (a server).

    Of files that may be changed again without a sign of it, it has the bytes: after ` since ` and when that was.
    """
    if found.url:
        return ""
    now_ns = time.time_ns()
    seen = list(_states(found))
    since_ns = now_ns - SETTLED_NS
    content = _content(seen, since_ns) if _is_text(found) else ""
    return _digest(state.seen for state in seen) + (f" since {since_ns} {content}" if content else "")


def _names(paths: Iterable[Path]) -> str:
    names = "\n".join(os.path.abspath(path) for path in paths)
    return hashlib.sha256(names.encode(errors="replace")).hexdigest()[:16]


def is_unchanged(found: Found, known: str) -> bool:
    """Whether a part has the signature that it had; a server has none."""
    seen, _, held = known.partition(" since ")
    if not seen:
        return False
    now = list(_states(found))
    if _digest(state.seen for state in now) != seen:
        return False
    since_ns, _, content = held.partition(" ")
    return not held or _content(now, int(since_ns)) == content


def _states(found: Found) -> Iterator[State]:
    for place in _places(found):
        for state in states(os.fspath(place)):
            # Wherever it is, as long as it is called the same.
            yield State(state.path, f"{os.path.relpath(state.path, place)} {state.seen}", state.changed_ns)


def _places(found: Found) -> list[Path]:
    if found.passes:
        return [place for each in found.passes for place in _places(each)]
    return [path for _, path in found.exports] or list(found.pieces) or [found.path]


def _is_text(found: Found) -> bool:
    """Whether a part is read from text files: SQLite counts its transactions itself."""
    return bool(found.exports or found.passes) or (found.is_staged and not found.system.parts[found.part].signs)


def _content(seen: Iterable[State], since_ns: int) -> str:
    """A digest of the files that were changed since; '' for none."""
    lately = [state.path for state in seen if state.changed_ns >= since_ns and os.path.isfile(state.path)]
    digest = hashlib.blake2b(digest_size=16)
    for path in lately:
        with open(path, "rb", buffering=0) as file:
            # A hole has nothing that could have changed, and may be of terabytes.
            for start, end in filled(file.fileno(), os.fstat(file.fileno()).st_size):
                digest.update(f"{start} ".encode())
                file.seek(start)
                while start < end and (block := file.read(min(BLOCK_BYTES, end - start))):
                    digest.update(block)
                    start += len(block)
    return digest.hexdigest() if lately else ""


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="replace")).hexdigest()
